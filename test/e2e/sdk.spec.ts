import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Terroir } from '../../src/sdk/index.ts';
import { pushBase } from '../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';
import { createTestServer, type TestServer } from '../kit/server.ts';
import { makeWheel } from '../kit/wheel.ts';

type Untyped = Record<keyof Terroir, (...given: unknown[]) => Promise<unknown>>;

const root = join(import.meta.dirname, '..', '..');

describe.each(['folder', 'URL'] as const)('the SDK on a %s', (kind) => {
  let index: PypiIndex;
  let server: TestServer;
  let registry: RegistryProcess;
  let folder: string;
  let terroir: Terroir;
  let env: Record<string, string | undefined>;
  beforeAll(async () => {
    index = await startPypiIndex([
      makeWheel({ name: 'alpha', version: '1.0' }),
      makeWheel({ name: 'joblib', version: '1.5.2' }),
    ]);
    registry = await startDockerRegistry({
      root: join(await mkdtemp(join(tmpdir(), 'terroir-sdk-registry-')), 'data'),
    });
    await pushBase(`${registry.host}/base:1`);
    server = await createTestServer({ withTokens: true, env: { PIP_INDEX_URL: index.url } });
    folder = await mkdtemp(join(tmpdir(), 'terroir-sdk-'));
    env = server.app.env;
    terroir = await connect(kind === 'URL' ? server.url : join(folder, 'workspace'), {
      token: server.tokens.contributor,
      cwd: folder,
      env,
      user: 'ada',
    });
    await writeFile(join(folder, 'own.yml'), 'name: own\npython: {user_managed: true}\n');
    await mkdir(join(folder, 'env', 'lists'), { recursive: true });
    await writeFile(join(folder, 'env', 'packed.yml'), 'name: packed\nrequirements: ../requirements.txt\n');
    await writeFile(join(folder, 'requirements.txt'), '-r env/lists/more.txt\n');
    await writeFile(join(folder, 'env', 'lists', 'more.txt'), 'alpha==1.0\n');
    await mkdir(join(folder, 'code'));
    await writeFile(
      join(folder, 'code', 'train.py'),
      'import sys, os; print("é" * 3, sys.argv[1:], os.environ.get("KEY"))\n',
    );
  });
  afterAll(async () => {
    await terroir.close();
    await server.close();
    await index.close();
    await registry.stop();
    await rm(folder, { recursive: true });
  });

  const read = async (id: string): Promise<string> => {
    let text = '';
    for await (const piece of terroir.logs(id)) text += piece;
    return text;
  };

  it('builds images, and takes them from the cache', async () => {
    const text = `name: built\nimage: ${registry.host}/base:1\npython: {version: "3.11"}\nrequirements: [alpha]\n`;
    await terroir.register({ text });
    const [image] = await terroir.build('built');
    expect(image).toMatchObject({ platform: 'linux-64', revision: 1, source: 'built' });
    expect(image?.layers.flatMap(({ packages }) => packages)).toEqual(['alpha 1.0']);
    expect(await terroir.build('built:1', { platforms: ['linux-64'] })).toMatchObject([
      { digest: image?.digest, source: 'workspace' },
    ]);
    await expect(terroir.build('built', { platforms: ['osx-arm64'] })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('registers from files and texts, and lists, shows, archives and restores', async () => {
    const packed = await terroir.register({ file: 'env/packed.yml' }, { tags: { team: 'green' } });
    expect(packed).toMatchObject({ name: 'packed', version: '1', tags: { team: 'green' } });
    expect(await terroir.register({ file: 'env/packed.yml' }, { tags: { team: 'green' } })).toEqual(packed);
    expect(await terroir.show('packed')).toEqual(packed);
    expect(await terroir.show('azureml:packed:1')).toEqual(packed);
    expect(await terroir.show('packed@latest')).toEqual(packed);
    const second = await terroir.register({ text: 'alpha\n', path: 'requirements.txt' }, { name: 'packed' });
    expect((await terroir.versions('packed')).items.map(({ version }) => version)).toEqual(['2', '1']);
    expect((await terroir.environments({ search: 'pack' })).items).toMatchObject([
      { name: 'packed', latestVersion: '2' },
    ]);
    await terroir.archive('packed:2');
    expect((await terroir.versions('packed')).items).toEqual([packed]);
    await terroir.restore('packed:2');
    expect(await terroir.show('packed:2')).toEqual(second);
    await terroir.archive('packed');
    expect((await terroir.environments()).items.map(({ name }) => name)).not.toContain('packed');
    await terroir.restore('packed');
    const oldest = await terroir.versions('packed', { sort: 'created', archived: 'all' });
    expect(oldest.items.map(({ version }) => version)).toEqual(['1', '2']);
    expect((await terroir.versions('packed', { tags: ['none'] })).items).toEqual([]);
    expect((await terroir.environments({ category: 'curated', search: 'packed' })).items).toEqual([]);
    const page = await terroir.versions('packed', { limit: 1 });
    expect((await terroir.versions('packed', { limit: 1, cursor: page.next ?? '' })).items).toEqual([packed]);
  });

  it('locks', async () => {
    const { revision, lock } = await terroir.lock('packed:1', { platform: 'linux-64' });
    expect(revision).toBe(1);
    expect(lock.packages.map(({ name, version }) => `${name} ${version}`)).toEqual(['alpha 1.0']);
    expect((await terroir.lock('packed:1', { platform: 'linux-64' })).outcome).toBe('cached');
  });

  it('runs commands with code, and follows and waits for them', async () => {
    await terroir.register({ file: 'own.yml' });
    const run = await terroir.run({
      environment: 'own',
      command: ['python3', 'train.py', 'a b'],
      code: 'code',
      variables: { KEY: 'secret:KEY' },
      secrets: { KEY: 'hush-hush-hush' },
      tags: { by: 'sdk' },
    });
    expect(await read(run.id)).toBe("ééé ['a b'] hush-hush-hush\n");
    const ended = await terroir.wait(run.id);
    expect(ended).toMatchObject({
      status: 'Completed',
      exitCode: 0,
      tags: { by: 'sdk' },
      environment: { name: 'own' },
    });
    expect(JSON.stringify(ended)).not.toContain('hush');
    expect((await terroir.runs({ environment: 'own' })).items[0]).toEqual(await terroir.showRun(run.id));
  });

  it('runs job files: with their code, and the definition that they name', async () => {
    await writeFile(
      join(folder, 'job.yml'),
      'command: python3 train.py ${{inputs.n}}\ncode: code\ninputs: {n: 1}\nenvironment: file:./own.yml\n',
    );
    // Larger than what a JSON body may be.
    await writeFile(join(folder, 'code', 'data.bin'), Buffer.alloc(20 << 20, 7));
    const run = await terroir.run({ job: 'job.yml', inputs: { n: '2' } });
    expect(await read(run.id)).toBe("ééé ['2'] None\n");
  });

  it('cancels', async () => {
    const run = await terroir.run({ environment: 'own', command: ['sleep', '60'] });
    while ((await terroir.showRun(run.id)).status !== 'Running') await sleep(20);
    expect(await terroir.cancel(run.id)).toMatchObject({ status: 'Canceled' });
  });

  it('changes, clones, compares, checks and deletes', async () => {
    await terroir.register({ text: 'name: changed\nrequirements: [alpha]\n' }, { tags: { a: 'b', c: 'd' } });
    const change = { description: 'better', tags: { e: 'f' }, removeTags: ['a'] };
    expect(await terroir.update('changed:1', change)).toMatchObject({
      description: 'better',
      tags: { c: 'd', e: 'f' },
    });
    const clone = await terroir.clone('changed', { name: 'clone', add: ['joblib==1.5.2'], tags: { own: 'yes' } });
    expect(clone).toMatchObject({ name: 'clone', version: '1', tags: { own: 'yes' } });
    expect((await terroir.diff('changed', 'clone')).definition).toMatchObject([{ to: 'joblib==1.5.2' }]);
    const codes = (await terroir.check('changed')).map(({ code }) => code);
    expect(codes).toContain('unpinned-package');
    expect((await terroir.check({ text: 'name: x\nrequirements: [alpha]\n' })).map(({ code }) => code)).toEqual(codes);
    expect((await terroir.check('env/packed.yml')).map(({ code }) => code)).toContain('missing-image');
    expect(await terroir.delete('clone:1')).toEqual(clone);
    await expect(terroir.show('clone')).rejects.toMatchObject({ code: 'ENVIRONMENT_NOT_FOUND' });
    await expect(terroir.delete('changed')).rejects.toMatchObject({ code: 'USAGE' });
    await expect(terroir.image('changed')).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    expect(await terroir.image('built', { platform: 'linux-64' })).toMatchObject({ revision: 1, source: 'workspace' });
  });

  it('repeats runs, with their secrets given again', async () => {
    await terroir.register({ file: 'own.yml' });
    const run = await terroir.wait(
      (
        await terroir.run({
          environment: 'own.yml',
          command: ['python3', 'train.py'],
          code: 'code',
          variables: { KEY: 'secret:KEY' },
          secrets: { KEY: 'one' },
        })
      ).id,
    );
    const again = await terroir.replay(run.id, { secrets: { KEY: 'two' } });
    expect(await read(again.id)).toBe('ééé [] two\n');
  });

  it('makes tokens and tells who did what, for administrators', async () => {
    const admin = kind === 'URL' ? await connect(server.url, { token: server.tokens.admin, env }) : terroir;
    const made = await admin.createToken({ user: 'ci', expires: '12h' });
    expect(made).toMatchObject({ user: 'ci', role: 'reader', token: expect.stringMatching(/.{40}/) as string });
    expect((await admin.tokens({ limit: 1 })).items).toMatchObject([{ id: made.id, revokedAt: null }]);
    expect(await admin.revokeToken(made.id)).toMatchObject({ revokedAt: expect.any(String) as string });
    expect((await admin.audit({ action: 'token.revoke', limit: 1 })).items).toMatchObject([{ outcome: 'done' }]);
    if (admin !== terroir) await admin.close();
  });

  it('keeps models', async () => {
    const command = ['python3', '-c', 'open("outputs/m", "w").write("m")'];
    const run = await terroir.wait((await terroir.run({ environment: 'own', command })).id);
    const model = await terroir.registerModel({ run: run.id, name: 'm', path: 'outputs/m', description: 'first' });
    expect(model).toMatchObject({ name: 'm', version: '1', runId: run.id, description: 'first' });
    expect((await terroir.models({ name: 'm' })).items).toEqual([model]);
    expect((await terroir.models({ run: run.id, sort: 'created' })).items).toEqual([model]);
    expect((await terroir.models({ run: 'another' })).items).toEqual([]);
    const runs = (await terroir.runs({ sort: 'created' })).items.map(({ id }) => id);
    expect(runs).toEqual((await terroir.runs()).items.map(({ id }) => id).reverse());
    for (const reference of ['m', 'm:1'])
      expect(await terroir.showModel(reference)).toMatchObject({ ...model, environment: { name: 'own' } });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['an environment that is not there', () => terroir.show('nobody:1'), 'ENVIRONMENT_NOT_FOUND'],
    ['a file that is not there', () => terroir.register({ file: 'nothing.yml' }), 'FILE_NOT_FOUND'],
    ['a definition that is none', () => terroir.register({ text: 'nam: x\n' }), 'INVALID_DEFINITION'],
    ['a reserved name', () => terroir.register({ text: 'name: AzureML-x\nimage: a\n' }), 'RESERVED_NAME'],
    ['a run that is not there', () => terroir.wait('nobody'), 'RUN_NOT_FOUND'],
    ['the log of one', () => read('nobody'), 'RUN_NOT_FOUND'],
    ['a model that is not there', () => terroir.showModel('nobody'), 'MODEL_NOT_FOUND'],
    [
      'code that is not there',
      () => terroir.run({ environment: 'own', command: ['x'], code: 'none' }),
      'FILE_NOT_FOUND',
    ],
  ])('says what is wrong with %s, by a code', async (_title, ask, code) => {
    await expect(ask()).rejects.toMatchObject({ name: 'AppError', code });
  });

  it.each<[string, string, (any: Untyped) => Promise<unknown>]>([
    ['register', 'tags.a', (any) => any.register({ text: 'name: bad\n' }, { tags: { a: 1 } })],
    ['register', 'text', (any) => any.register({})],
    ['environments', 'limit', (any) => any.environments({ limit: 0 })],
    ['environments', 'archived', (any) => any.environments({ archived: 'some' })],
    ['environments', 'Unrecognized key: "tag"', (any) => any.environments({ tag: 'a' })],
    ['clone', 'name', (any) => any.clone('own', {})],
    ['run', 'command', (any) => any.run({ environment: 'own', command: [] })],
    ['run', 'command', (any) => any.run({ environment: 'own' })],
    ['run', 'Unrecognized key: "command"', (any) => any.run({ job: 'job.yml', command: ['x'] })],
    ['run', 'Unrecognized key: "inputs"', (any) => any.run({ environment: 'own', command: ['x'], inputs: {} })],
    ['run', 'variables.a-b', (any) => any.run({ environment: 'own', command: ['x'], variables: { 'a-b': 'c' } })],
    ['run', 'timeout', (any) => any.run({ environment: 'own', command: ['x'], timeout: -1 })],
    ['runs', 'status', (any) => any.runs({ status: 'failed' })],
    ['createToken', 'role', (any) => any.createToken({ user: 'a', role: 'king' })],
    ['show', 'expected string, received number', (any) => any.show(7)],
  ])('refuses what a program without types gives to %s: %s', async (call, what, ask) => {
    const before = await terroir.runs();
    await expect(ask(terroir as unknown as Untyped)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(new RegExp(`^\\\`${call}\\\` does not take this: .*${what}`)) as string,
    });
    expect((await terroir.environments()).items.map(({ name }) => name)).not.toContain('bad');
    expect(await terroir.runs()).toEqual(before);
  });

  it('runs its worked example', async () => {
    const example = join(folder, 'example');
    await cp(join(root, 'examples', 'sdk'), example, { recursive: true });
    // As it stands in the package that the example would install.
    await mkdir(join(example, 'node_modules', 'terroir'), { recursive: true });
    await writeFile(
      join(example, 'node_modules', 'terroir', 'package.json'),
      JSON.stringify({ name: 'terroir', type: 'module', exports: './index.js' }),
    );
    await writeFile(
      join(example, 'node_modules', 'terroir', 'index.js'),
      `export * from ${JSON.stringify(new URL('../../src/sdk/index.ts', import.meta.url).href)};\n`,
    );
    const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
      const place = kind === 'URL' ? [server.url] : [join(folder, 'example-workspace')];
      const options = {
        cwd: example,
        env: { ...env, TERROIR_TOKEN: server.tokens.contributor, TERROIR_CATALOG: 'none' },
      };
      execFile(process.execPath, ['train.mjs', ...place], options, (_error, out, err) =>
        resolve({ stdout: out, stderr: err }),
      );
    });
    expect(stderr).toBe('');
    expect(stdout).toBe(
      'registered sdk-example:1\nslope 1.990, joblib 1.5.2\nkept example:1, trained in sdk-example:1\n',
    );
  });
});

describe('the SDK and a server that it may not use', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await createTestServer({ withTokens: true });
  });
  afterAll(() => server.close());

  it('says so', async () => {
    const wrong = await connect(server.url, { token: 'wrong', env: {} });
    await expect(wrong.environments()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const reader = await connect(`${server.url}/`, { env: { TERROIR_TOKEN: server.tokens.reader } });
    await expect(reader.register({ text: 'name: x\nimage: a\n' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const nobody = await connect('http://127.0.0.1:1', { env: {} });
    await expect(nobody.environments()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    const elsewhere = await connect(`${server.url}/elsewhere`, { env: {} });
    await expect(elsewhere.environments()).rejects.toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    for (const each of [wrong, reader, nobody, elsewhere]) await each.close();
  });
});
