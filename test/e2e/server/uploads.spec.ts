import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../../src/sdk/index.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';
import { makeWheel } from '../../kit/wheel.ts';

const root = join(import.meta.dirname, '..', '..', '..');
/** Asynchronous: the server answers from this process. */
const execute = promisify(execFile);

describe('what the server has', () => {
  let server: TestServer;
  let folder: string;
  beforeAll(async () => {
    server = await createTestServer({ withTokens: true, limits: { runs: 0 } });
    folder = await mkdtemp(join(tmpdir(), 'terroir-uploads-'));
    await write('image/environment.yml', 'name: built\nbuild:\n  path: context\n');
    await write('image/context/Dockerfile', 'FROM debian:13\nCOPY . /x\n');
    await write('image/context/one', 'one');
    await write('image/context/deep/two', 'two');
    await write('image/context/deep/again', 'one');
    await write('wheels/environment.yml', 'name: packed\nrequirements: [./alpha-1.0-py3-none-any.whl]\n');
    const wheel = makeWheel({ name: 'alpha', version: '1.0' });
    await write('wheels/alpha-1.0-py3-none-any.whl', wheel.bytes);
    await write('own.yml', 'name: own\npython: {user_managed: true}\n');
    await write('code/train.py', 'print("train")');
    await write('code/lib/tool.py', 'word = "tool"');
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  };
  const env = (): Record<string, string> => ({
    PATH: process.env.PATH ?? '',
    HOME: folder,
    TERROIR_HOME: join(folder, 'store'),
    TERROIR_WORKSPACE: server.url,
    TERROIR_URL: server.url,
    TERROIR_TOKEN: server.tokens.contributor,
    PYTHONPATH: join(root, 'python', 'src'),
    PYTHONDONTWRITEBYTECODE: '1',
  });
  /** The same from each client: a build context, a local wheel, code. */
  const clients: Record<string, () => Promise<void>> = {
    'the SDK': async () => {
      const terroir = await connect(server.url, { token: server.tokens.contributor, cwd: folder, env: env() });
      for (const file of ['image/environment.yml', 'wheels/environment.yml', 'own.yml'])
        await terroir.register({ file });
      await terroir.run({ environment: 'own', code: 'code', command: ['python3', 'train.py'] });
      await terroir.close();
    },
    'the command line': async () => {
      const run = async (...words: string[]) =>
        await execute(process.execPath, [join(root, 'bin', 'terroir.js'), ...words], { cwd: folder, env: env() });
      await run('env', 'create', 'image/environment.yml');
      await run('env', 'create', 'wheels/environment.yml');
      await run('env', 'create', 'own.yml');
    },
    'the Python client': async () => {
      const program = `
from terroir import Client
client = Client()
client.register("image/environment.yml")
client.register("wheels/environment.yml", files=["alpha-1.0-py3-none-any.whl"])
client.register("own.yml")
client.submit(environment="own", code="code", command=["python3", "train.py"])
`;
      await execute('python3', ['-c', program], { cwd: folder, env: env() });
    },
  };
  /** How many contents a client sends. */
  const sent = async (client: string): Promise<number> => {
    const before = server.log.length;
    await clients[client]?.();
    return server.log.slice(before).filter((line) => /"method":"PUT","url":"\/api\/v1\/blobs\//.test(line)).length;
  };

  it('is asked for first: the same content goes there once, whatever its name', async () => {
    // Dockerfile, one (twice), two; the wheel; two files of code.
    expect(await sent('the SDK')).toBe(6);
  });

  it.each(Object.keys(clients))('is not sent again by %s', async (client) => {
    expect(await sent(client)).toBe(0);
  });

  it.each(Object.keys(clients))('has what changed sent to it, and nothing else, by %s', async (client) => {
    await write('image/context/one', `changed for ${client}`);
    expect(await sent(client)).toBe(1);
    expect(await sent(client)).toBe(0);
  });
});
