import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCondaConfiguration } from './conda-configuration.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-condarc-'));
});
afterEach(async () => await rm(folder, { recursive: true }));

const write = async (path: string, text: string): Promise<string> => {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
};
const read = async (env: Record<string, string> = {}): ReturnType<typeof readCondaConfiguration> =>
  await readCondaConfiguration({ env, home: join(folder, 'home') });

test('nothing configured is conda’s own default', async () => {
  expect(await read()).toEqual({
    channelAlias: undefined,
    defaultChannels: undefined,
    customChannels: {},
    customMultichannels: {},
    mirroredChannels: {},
    verify: true,
    proxyServers: {},
    retries: undefined,
    settings: [],
  });
});

test('all keys, with variables in them', async () => {
  await write(
    'home/.condarc',
    `
channels: [conda-forge]
channel_alias: https://$HOST/conda
default_channels: https://\${HOST}/main
custom_channels:
  mine: https://\${UNSET}/x
custom_multichannels: {all: [a, b], none: }
mirrored_channels: {conda-forge: [https://m.example/cf]}
ssl_verify: /etc/ca.pem
proxy_servers: {https: http://proxy.example:3128, http: }
remote_max_retries: 5
auto_activate_base: false
`,
  );
  const { settings, ...configuration } = await read({ HOST: 'host.example' });
  expect(configuration).toEqual({
    channelAlias: 'https://host.example/conda',
    defaultChannels: ['https://host.example/main'],
    customChannels: { mine: 'https://${UNSET}/x' },
    customMultichannels: { all: ['a', 'b'], none: [] },
    mirroredChannels: { 'conda-forge': ['https://m.example/cf'] },
    verify: '/etc/ca.pem',
    proxyServers: { https: 'http://proxy.example:3128' },
    retries: 5,
  });
  expect(settings).toContainEqual({ name: 'channel_alias', origin: join(folder, 'home/.condarc') });
});

const places = [
  ['root/.condarc', { CONDA_ROOT: 'root' }],
  ['root/condarc', { CONDA_EXE: 'root/bin/conda' }],
  ['root/condarc.d/x.yml', { CONDA_ROOT: 'root' }],
  ['xdg/conda/.condarc', { XDG_CONFIG_HOME: 'xdg' }],
  ['home/.config/conda/condarc.d/y.yaml', {}],
  ['home/.conda/.condarc', {}],
  ['home/.mambarc', {}],
  ['home/.condarc', {}],
  ['prefix/.condarc', { CONDA_PREFIX: 'prefix' }],
  ['named.yml', { CONDARC: 'named.yml' }],
] as const;

test.each(places)('%s is read', async (path, variables) => {
  await write(path, 'channel_alias: https://found.example\n');
  const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, join(folder, value)]));
  expect((await read(env)).channelAlias).toBe('https://found.example');
});

test('later files win; maps grow; of lists the later comes first; variables come last', async () => {
  for (const [index, [path]] of places.entries()) {
    await write(
      path,
      `channel_alias: https://a${index}.example\ncustom_channels: {c${index}: https://c.example, shared: https://s${index}.example}\ndefault_channels: [d${index}]\n`,
    );
  }
  const env = { CONDA_ROOT: join(folder, 'root'), CONDARC: join(folder, 'named.yml') };
  const found = await read(env);
  expect(found.channelAlias).toBe('https://a9.example');
  expect(found.customChannels).toMatchObject({
    c0: 'https://c.example',
    c9: 'https://c.example',
    shared: 'https://s9.example',
  });
  expect(found.defaultChannels).toEqual(
    ['d9', 'd7', 'd6', 'd5', 'd4', 'd2', 'd1', 'd0'].filter((each) => each !== 'd3'),
  );
  const variables = { ...env, CONDA_CHANNEL_ALIAS: 'https://v.example', CONDA_DEFAULT_CHANNELS: 'x, y' };
  expect(await read(variables)).toMatchObject({ channelAlias: 'https://v.example' });
  expect((await read(variables)).defaultChannels?.slice(0, 2)).toEqual(['x', 'y']);
  expect((await read({ ...variables, TERROIR_CHANNEL_ALIAS: 'https://t.example' })).channelAlias).toBe(
    'https://t.example',
  );
});

test('our own variables', async () => {
  const found = await read({
    TERROIR_DEFAULT_CHANNELS: 'https://d.example/main',
    TERROIR_MIRRORED_CHANNELS: 'conda-forge=https://a.example/cf,https://b.example/cf; other = https://c.example/o',
  });
  expect(found.defaultChannels).toEqual(['https://d.example/main']);
  expect(found.mirroredChannels).toEqual({
    'conda-forge': ['https://a.example/cf', 'https://b.example/cf'],
    other: ['https://c.example/o'],
  });
  await expect(read({ TERROIR_MIRRORED_CHANNELS: 'conda-forge' })).rejects.toMatchObject({ code: 'USAGE' });
});

test.each([
  ['true', true],
  ['False', false],
  ['0', false],
  ['<truststore>', true],
  ['/ca.pem', '/ca.pem'],
])('CONDA_SSL_VERIFY=%s', async (value, expected) => {
  expect((await read({ CONDA_SSL_VERIFY: value })).verify).toBe(expected);
});

test.each([
  ['channel_alias: [', 'cannot be read'],
  ['- a\n- b\n', 'cannot be read'],
  ['custom_channels: 3\n', '`custom_channels`'],
])('a broken file says where: %s', async (text, part) => {
  const path = await write('home/.condarc', text);
  const error: unknown = await read().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'USAGE' });
  expect(String(error)).toContain(path);
  expect(String(error)).toContain(part);
});

test('an empty file is none', async () => {
  await write('home/.condarc', '# nothing\n');
  expect((await read()).settings).toEqual([]);
});
