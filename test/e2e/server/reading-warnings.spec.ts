import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '../../kit/sandbox.ts';
import { createServedPair, type ServedPair } from '../../kit/served-pair.ts';

interface Found {
  code: string;
  severity: string;
  position?: { file: string; line: number; column: number };
}

describe('what reading a definition finds odd', () => {
  let pair: ServedPair;
  beforeAll(async () => {
    pair = await createServedPair();
    for (const side of [pair.here, pair.there]) {
      await side.write('envs/empty.txt', '# alpha\n');
      await side.write('envs/stored.yml', 'image: debian:13\ndatastore: blobs\n');
      await side.write('job.yml', 'command: "true"\nenvironment: { requirements: envs/empty.txt }\n');
      await side.write('file.yml', 'command: "true"\nenvironment: file:envs/empty.txt\n');
    }
  });
  afterAll(async () => {
    await pair.served.stop();
    await pair.remove();
  });
  const sides: [side: string, of: (pair: ServedPair) => Sandbox][] = [
    ['in a folder', ({ there }) => there],
    ['on a server', ({ here }) => here],
  ];
  const told = (stderr: string): string[] => stderr.match(/\S+:\d+:\d+: .*(?:names no package|is left out)/g) ?? [];

  it.each(sides)('is said by whatever uses it, once: %s', async (_side, of) => {
    const sandbox = of(pair);
    const empty = 'envs/empty.txt:1:1: `empty.txt` names no package';
    const inline = 'envs/empty.txt:1:1: `envs/empty.txt` names no package';
    for (const [args, line] of [
      [['run', '--env', 'envs/empty.txt', '--', 'true'], empty],
      [['run', 'job.yml'], inline],
      [['run', 'file.yml'], empty],
      [['env', 'lock', 'envs/empty.txt', '--json'], empty],
      [
        ['env', 'create', 'envs/stored.yml', '--name', 'stored'],
        'envs/stored.yml:2:1: `datastore` has no meaning in a definition; it is left out',
      ],
    ] as const) {
      const { exitCode, stderr } = await sandbox.run([...args]);
      expect([args.join(' '), exitCode, told(stderr)], stderr).toEqual([args.join(' '), 0, [line]]);
    }
  });

  it.each(sides)('is a finding of `env check`, and no note besides: %s', async (_side, of) => {
    const sandbox = of(pair);
    for (const [file, code, position] of [
      ['envs/empty.txt', 'names-no-package', { file: 'envs/empty.txt', line: 1, column: 1 }],
      ['envs/stored.yml', 'meaningless-key', { file: 'envs/stored.yml', line: 2, column: 1 }],
    ] as const) {
      const { stdout, stderr } = await sandbox.run(['env', 'check', file, '--json']);
      const { findings } = JSON.parse(stdout) as { findings: Found[] };
      expect(findings.find((each) => each.code === code)).toMatchObject({ severity: 'warning', position });
      expect(told(stderr)).toEqual([]);
    }
    const strict = await sandbox.run(['env', 'check', 'envs/empty.txt', '--strict']);
    expect(strict.exitCode).toBe(3);
  });

  it.each(sides)('is a finding of a registered version, too: %s', async (_side, of) => {
    const { findings } = await of(pair).json<{ findings: Found[] }>(['env', 'check', 'stored']);
    expect(findings.map(({ code }) => code)).toContain('meaningless-key');
  });
});
