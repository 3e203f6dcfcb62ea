import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { splitWords } from './split-words.ts';

test.each<[string, string[]]>([
  ['', []],
  ['  --ipc=host\t--cap-add SYS_ADMIN\n', ['--ipc=host', '--cap-add', 'SYS_ADMIN']],
  ['--env "A=b c"', ['--env', 'A=b c']],
  ['--env A=\'b "c" \\n\'d', ['--env', 'A=b "c" \\nd']],
  ['--env "A=\\"b\\" \\$HOME \\x"', ['--env', 'A="b" $HOME \\x']],
  ['a\\ b \\"c\\" \\\\', ['a b', '"c"', '\\']],
  ['"" \'\' a""b', ['', '', 'ab']],
])('%j, as a shell splits it', (text, words) => {
  expect(splitWords(text)).toEqual(words);
  const print = `printf '%s\\0' ${text.replaceAll('\n', ' ')}`;
  const printed = execFileSync('sh', ['-c', print], { encoding: 'utf8' }).split('\0').slice(0, -1);
  if (words.length > 0) expect(printed).toEqual(words);
});

test.each(['--env $HOME `id` $(id) *', '--tmpfs ~/x #y'])('nothing of %j is expanded', (text) => {
  expect(splitWords(text)).toEqual(text.split(' '));
});

test.each(['"a', "a 'b", 'a "b\\"', 'a\\'])('%j does not end', (text) => {
  expect(splitWords(text)).toBeUndefined();
});
