import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandOutcome, Sandbox } from '../../kit/sandbox.ts';
import { createServedPair, type ServedPair } from '../../kit/served-pair.ts';

describe('a folder and the server that serves it', () => {
  let pair: ServedPair;
  let here: Sandbox;
  let there: Sandbox;
  beforeAll(async () => {
    pair = await createServedPair();
    ({ here, there } = pair);
    await here.run(['env', 'create', '-', '--name', 'moving', '-q'], { input: 'requirements: [alpha]\n' });
    await here.run(['env', 'lock', 'moving', '--platform', 'linux-64']);
    const write = ['--', 'sh', '-c', 'mkdir outputs; echo m > outputs/m'];
    const ran = await here.run(['run', '--json', '--env', 'own', ...write]);
    const { id } = JSON.parse(ran.stdout) as { id: string };
    await here.run(['model', 'register', '--run', id, '--name', 'iris-model', '--path', 'outputs/m']);
  });
  afterAll(() => pair.remove());

  it.each<[string, string[]]>([
    ['environments with a tag', ['env', 'list', '--tag', 'team=green', '--limit', '1']],
    ['versions', ['env', 'list', '--name', 'iris', '--all']],
    ['a version', ['env', 'show', 'iris']],
    ['an environment that is not there', ['env', 'show', 'irsi']],
    ['a revision of it', ['env', 'lock', 'moving', '--platform', 'linux-64', '--revision', '1']],
    ['one that there is not', ['env', 'lock', 'moving', '--platform', 'linux-64', '--revision', '77']],
    ['an export', ['env', 'lock', 'moving', '--platform', 'linux-64', '--export', 'pylock']],
    ['differences', ['env', 'diff', 'iris', 'moving']],
    ['an image that there is not', ['env', 'image', 'iris']],
    ['where runs can happen', ['compute', 'list']],
    ['runs of one kind', ['runs', 'list', '--status', 'Completed', '--env', 'own', '--limit', '2']],
    ['a model', ['model', 'show', 'iris-model:1']],
  ])('answers in the same bytes as on the folder: %s', async (_title, args) => {
    const [folder, url] = await Promise.all([there.run([...args, '--json']), here.run([...args, '--json'])]);
    expect(url.stdout).toBe(folder.stdout);
    expect(url.exitCode).toBe(folder.exitCode);
  });

  it.each([[['env', 'show', 'parts']], [['model', 'show', 'iris-model']]])(
    'says the same to a person: %s',
    async (args) => {
      const [text, sameText] = await Promise.all([there.run(args), here.run(args)]);
      expect(withoutAges(sameText)).toEqual(withoutAges(text));
    },
  );

  /** `kept in` is a folder of the server's. */
  const withoutAges = ({ exitCode, stdout, stderr }: CommandOutcome): unknown[] => [
    exitCode,
    stdout.replaceAll(/\d+s ago/g, 'Ns ago').replaceAll(/^kept in .*\n/gm, ''),
    stderr,
  ];
});
