import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDockerCredentials, type FoundCredentials } from './docker-credentials.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'terroir-credentials-'));
});
afterEach(async () => await rm(home, { recursive: true, force: true }));

const write = async (path: string, content: unknown): Promise<string> => {
  const file = join(home, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};
const find = async (registry: string, repository = 'ada/tools', env = {}): Promise<FoundCredentials> =>
  await createDockerCredentials({ env, home })(registry, repository);
const auth = (pair: string) => ({ auth: Buffer.from(pair).toString('base64') });
const as = (name: string, secret: string) => ({ credentials: { kind: 'password', user: name, password: secret } });
/** A helper that answers what stands in files beside it, and keeps what it was asked. */
const helper = async (name: string, script: string): Promise<Record<string, string>> => {
  const file = await write(`bin/docker-credential-${name}`, `#!/bin/sh\ncat > "$0.asked"\n${script}\n`);
  await chmod(file, 0o755);
  return { PATH: `${join(home, 'bin')}:/usr/bin:/bin` };
};

test.each([
  ['registry.example', 'registry.example'],
  ['registry.example:5000', 'registry.example:5000'],
  ['https://registry.example', 'registry.example'],
  ['https://registry.example/v1/', 'registry.example'],
  ['registry.example/v2/', 'registry.example'],
  ['http://registry.example', 'registry.example'],
  ['registry.example/ada', 'registry.example'],
  ['registry.example/ada/tools', 'registry.example'],
  ['https://index.docker.io/v1/', 'docker.io'],
  ['docker.io', 'docker.io'],
])('`%s` in the configuration is for %s', async (key, registry) => {
  await write('.docker/config.json', { auths: { other: auth('bob:x'), [key]: auth('ada:se:cret') } });
  expect(await find(registry)).toEqual(as('ada', 'se:cret'));
});

test.each([
  ['registry.example:5000', 'registry.example'],
  ['registry.example/bob', 'registry.example'],
  ['registry.example.evil', 'registry.example'],
])('`%s` in the configuration is not for %s', async (key, registry) => {
  await write('.docker/config.json', { auths: { [key]: auth('ada:secret') } });
  expect(await find(registry)).toEqual({ credentials: undefined });
});

test('the closest entry counts, and Docker’s file before the others', async () => {
  await write('.docker/config.json', { auths: { 'r.example': auth('docker:1'), 'r.example/ada': auth('near:2') } });
  await write('.config/containers/auth.json', {
    auths: { 'r.example': auth('podman:3'), 's.example': auth('podman:4') },
  });
  expect(await find('r.example')).toEqual(as('near', '2'));
  expect(await find('r.example', 'bob/tools')).toEqual(as('docker', '1'));
  expect(await find('s.example')).toEqual(as('podman', '4'));
});

test('variables say where the files are', async () => {
  await write('elsewhere/config.json', { auths: { 'r.example': auth('docker:1') } });
  const named = await write('named.json', { auths: { 'r.example': auth('named:2') } });
  await write('run/containers/auth.json', { auths: { 'r.example': auth('runtime:3') } });
  expect(await find('r.example', 'a', { DOCKER_CONFIG: join(home, 'elsewhere') })).toEqual(as('docker', '1'));
  expect(await find('r.example', 'a', { REGISTRY_AUTH_FILE: named })).toEqual(as('named', '2'));
  expect(await find('r.example', 'a', { XDG_RUNTIME_DIR: join(home, 'run') })).toEqual(as('runtime', '3'));
});

test('tokens, and entries in other forms', async () => {
  await write('.docker/config.json', {
    auths: {
      identity: { ...auth('ada:x'), identitytoken: 'abc' },
      registry: { registrytoken: 'def' },
      plain: { username: 'ada', password: 'secret' },
      empty: {},
      broken: { auth: '%%%' },
    },
    HttpHeaders: { 'X-Meta': 'kept out' },
  });
  expect(await find('identity')).toEqual({ credentials: { kind: 'identity-token', token: 'abc' } });
  expect(await find('registry')).toEqual({ credentials: { kind: 'registry-token', token: 'def' } });
  expect(await find('plain')).toEqual(as('ada', 'secret'));
  expect(await find('empty')).toEqual({ credentials: undefined });
  expect(await find('broken')).toEqual({ credentials: undefined });
});

test('a helper is asked for the registry that it is named for', async () => {
  const env = await helper('mine', 'echo \'{"ServerURL":"","Username":"ada","Secret":"from helper"}\'');
  await write('.docker/config.json', { auths: { 'r.example': {} }, credHelpers: { 'r.example': 'mine' } });
  expect(await find('r.example', 'ada/tools', env)).toEqual(as('ada', 'from helper'));
  expect(await readFile(join(home, 'bin/docker-credential-mine.asked'), 'utf8')).toBe('r.example');
  expect(await find('s.example', 'ada/tools', env)).toEqual({ credentials: undefined });
});

test('the store is asked for what stands nowhere else', async () => {
  const env = await helper('store', 'echo \'{"Username":"<token>","Secret":"identity"}\'');
  await write('.docker/config.json', {
    auths: { 'r.example': {}, 's.example': auth('ada:secret') },
    credsStore: 'store',
  });
  expect(await find('r.example', 'a', env)).toEqual({ credentials: { kind: 'identity-token', token: 'identity' } });
  expect(await find('s.example', 'a', env)).toEqual(as('ada', 'secret'));
  await find('docker.io', 'a', env);
  expect(await readFile(join(home, 'bin/docker-credential-store.asked'), 'utf8')).toBe('https://index.docker.io/v1/');
});

test.each([
  ['is not there', undefined, /`docker-credential-mine` did not help: .*not found/],
  ['prints nonsense', 'echo hello', /`docker-credential-mine` did not help: it printed what is no answer/],
  ['knows nothing', 'echo "credentials not found in native keychain"; exit 1', undefined],
])('a helper that %s leaves us as nobody', async (_title, script, problem) => {
  const env = script === undefined ? { PATH: '/usr/bin' } : await helper('mine', script);
  await write('.docker/config.json', { credHelpers: { 'r.example': 'mine' } });
  const found = await find('r.example', 'a', env);
  expect(found.credentials).toBeUndefined();
  if (problem === undefined) expect(found.problem).toBeUndefined();
  else expect(found.problem).toMatch(problem);
});

test('no path is a helper', async () => {
  await write('.docker/config.json', { credsStore: '../../bin/sh' });
  expect(await find('r.example')).toMatchObject({ problem: '`../../bin/sh` is no name of a credential helper' });
});

test('a file that cannot be read is an error that does not show what is in it', async () => {
  const file = await write('.docker/config.json', '{"auths": {"x": {"auth": "c2VjcmV0"');
  const failure = await find('r.example').catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'UNSUPPORTED_FORMAT', message: expect.stringContaining(file) as unknown });
  expect(JSON.stringify(failure)).not.toContain('c2VjcmV0');
});

test('without any file there is nobody', async () => {
  expect(await find('r.example')).toEqual({ credentials: undefined });
});
