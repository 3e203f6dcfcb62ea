import { describe, expect, test } from 'vitest';
import { applySteps, type MetadataStep, type RuntimeConfig } from './apply-steps.ts';
import { expandText, expandWords } from './expand-variables.ts';

const env = new Map([
  ['A', '1'],
  ['EMPTY', ''],
  ['PATH', '/usr/bin:/bin'],
]);

describe('variables', () => {
  test.each([
    ['plain words', ['plain', 'words']],
    ['$A ${A}x $Ax', ['1', '1x', '']],
    ['/x:$PATH', ['/x:/usr/bin:/bin']],
    [String.raw`\$A '$A' "$A" "\$A" a\ b`, ['$A', '$A', '1', '$A', 'a b']],
    [String.raw`"a\nb" 'c\d'`, [String.raw`a\nb`, String.raw`c\d`]],
    ['"" x""y', ['', 'xy']],
    ['${B:-two words}', ['two words']],
    ['${EMPTY:-x} ${EMPTY-x} ${B-x}', ['x', '', 'x']],
    ['${A:+yes} ${EMPTY:+no}z ${EMPTY+yes}', ['yes', 'z', 'yes']],
    ['${B:-${C:-$A}}', ['1']],
    ['cost: 5$ and $$', ['cost:', '5$', 'and', '$$']],
  ])('%s', (text, words) => {
    expect(expandWords(text, env)).toEqual(words);
  });

  test('keep their blanks where all is one word', () => {
    expect(expandText(' a  $A ', env)).toBe(' a  1 ');
  });

  test.each(['${A#x}', '${A:?gone}', '${A', '${}'])('%s is refused', (text) => {
    expect(() => expandWords(text, env)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }));
  });
});

const base: RuntimeConfig = { Env: ['PATH=/bin', 'A=1'], Cmd: ['bash'], WorkingDir: '/srv', Labels: { l: '1' } };
const step = (line: string): MetadataStep => {
  const [keyword = ''] = line.split(' ', 1);
  return { keyword, value: line.slice(keyword.length).trim() };
};

describe('steps', () => {
  test.each<[string[], Partial<RuntimeConfig>]>([
    [['ENV B=2'], { Env: ['PATH=/bin', 'A=1', 'B=2'] }],
    [['ENV A=2 B=$A'], { Env: ['PATH=/bin', 'A=2', 'B=1'] }],
    [['ENV A=2', 'ENV B=$A'], { Env: ['PATH=/bin', 'A=2', 'B=2'] }],
    [['ENV B the rest  of $A'], { Env: ['PATH=/bin', 'A=1', 'B=the rest  of 1'] }],
    [['ENV B="x y" C=a\\ b'], { Env: ['PATH=/bin', 'A=1', 'B=x y', 'C=a b'] }],
    [['LABEL m=$A "n o"="p q"'], { Labels: { l: '1', m: '1', 'n o': 'p q' } }],
    [['WORKDIR sub'], { WorkingDir: '/srv/sub' }],
    [['WORKDIR /a/../b/', 'WORKDIR $A'], { WorkingDir: '/b/1' }],
    [['WORKDIR /'], { WorkingDir: '/' }],
    [['USER me:you'], { User: 'me:you' }],
    [['EXPOSE 80 443/udp 90-91'], { ExposedPorts: { '80/tcp': {}, '443/udp': {}, '90/tcp': {}, '91/tcp': {} } }],
    [['CMD ["a", "b"]'], { Cmd: ['a', 'b'] }],
    [['CMD echo $A'], { Cmd: ['/bin/sh', '-c', 'echo $A'] }],
    [['CMD [not json'], { Cmd: ['/bin/sh', '-c', '[not json'] }],
    [['ENTRYPOINT ["run"]'], { Entrypoint: ['run'], Cmd: undefined }],
    [['CMD x', 'ENTRYPOINT ["run"]'], { Entrypoint: ['run'], Cmd: ['/bin/sh', '-c', 'x'] }],
    [['ENTRYPOINT ["run"]', 'CMD ["x"]'], { Entrypoint: ['run'], Cmd: ['x'] }],
    [['ENTRYPOINT exec top'], { Entrypoint: ['/bin/sh', '-c', 'exec top'], Cmd: undefined }],
    [['ENTRYPOINT []'], { Entrypoint: [], Cmd: undefined }],
  ])('%j', (lines, expected) => {
    const { Cmd, ...rest } = { ...base, ...expected };
    expect(applySteps(base, lines.map(step))).toEqual({ ...rest, ...(Cmd === undefined ? {} : { Cmd }) });
  });

  test('use the shell that the base names', () => {
    expect(applySteps({ ...base, Shell: ['/bin/bash', '-ec'] }, [step('CMD x')]).Cmd).toEqual([
      '/bin/bash',
      '-ec',
      'x',
    ]);
  });

  test.each([
    ['ENV', 'INVALID_DEFINITION'],
    ['ENV =x', 'INVALID_DEFINITION'],
    ['LABEL a=1 b', 'INVALID_DEFINITION'],
    ['EXPOSE http', 'INVALID_DEFINITION'],
    ['EXPOSE 70000', 'INVALID_DEFINITION'],
    ['EXPOSE 9-3', 'INVALID_DEFINITION'],
    ['WORKDIR $NOTHING', 'INVALID_DEFINITION'],
    ['RUN true', 'UNSUPPORTED_FEATURE'],
  ])('%s is refused', (line, code) => {
    expect(() => applySteps(base, [step(line)])).toThrow(expect.objectContaining({ code }));
  });
});
