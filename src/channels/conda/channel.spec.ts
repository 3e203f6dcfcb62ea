import { expect, test } from 'vitest';
import { type ChannelPlaces, resolveChannel, resolveChannels, withoutSecrets } from './channel.ts';
import type { CondaConfiguration } from './conda-configuration.ts';

const nothing: CondaConfiguration = {
  channelAlias: undefined,
  defaultChannels: undefined,
  customChannels: {},
  customMultichannels: {},
  mirroredChannels: {},
  verify: true,
  proxyServers: {},
  retries: undefined,
  settings: [],
};
const places = (configuration: Partial<CondaConfiguration> = {}, more: Partial<ChannelPlaces> = {}): ChannelPlaces => ({
  env: { TOKEN: 'tk-secret-1', USER_NAME: 'ada', EMPTY: '' },
  home: '/home/ada',
  platform: 'linux-64',
  configuration: { ...nothing, ...configuration },
  ...more,
});
const urls = (text: string, configuration: Partial<CondaConfiguration> = {}): string[] =>
  resolveChannel(text, places(configuration)).map(({ url }) => url);

test.each([
  ['conda-forge', ['https://conda.anaconda.org/conda-forge']],
  [' conda-forge/ ', ['https://conda.anaconda.org/conda-forge']],
  ['conda-forge/label/dev', ['https://conda.anaconda.org/conda-forge/label/dev']],
  ['conda-forge/linux-64', ['https://conda.anaconda.org/conda-forge']],
  ['pkgs/main', ['https://repo.anaconda.com/pkgs/main']],
  ['defaults', ['https://repo.anaconda.com/pkgs/main', 'https://repo.anaconda.com/pkgs/r']],
  ['nodefaults', []],
  ['https://host.example/a/b/', ['https://host.example/a/b']],
  ['https://host.example/a/noarch', ['https://host.example/a']],
  ['https://me:pw@host.example/a', ['https://host.example/a']],
  ['https://host.example/t/tk-1-2/a', ['https://host.example/a']],
  ['https://host.example/api/t/short/a', ['https://host.example/api/a']],
  ['https://host.example/t/${TOKEN}/a', ['https://host.example/a']],
  ['https://${USER_NAME}:${TOKEN}@host.example/a', ['https://host.example/a']],
  ['https://host.example/${TOKEN}/a', ['https://host.example/${TOKEN}/a']],
  ['file:///srv/channel', ['file:///srv/channel']],
  ['/srv/my channel/', ['file:///srv/my%20channel']],
  ['~/channel', ['file:///home/ada/channel']],
])('the channel %s', (text, expected) => {
  expect(urls(text)).toEqual(expected);
});

test('defaults have one more channel on Windows', () => {
  expect(resolveChannel('defaults', places({}, { platform: 'win-64' })).map(({ url }) => url)).toContain(
    'https://repo.anaconda.com/pkgs/msys2',
  );
});

test.each<[string, Partial<CondaConfiguration>, string[]]>([
  ['conda-forge', { channelAlias: 'https://mirror.example/conda/' }, ['https://mirror.example/conda/conda-forge']],
  ['conda-forge', { channelAlias: 'https://u:p@mirror.example' }, ['https://mirror.example/conda-forge']],
  ['mine', { customChannels: { mine: 'https://host.example/x/' } }, ['https://host.example/x/mine']],
  ['mine/label/dev', { customChannels: { mine: 'https://host.example' } }, ['https://host.example/mine/label/dev']],
  [
    'defaults',
    { defaultChannels: ['https://d.example/main', 'own'] },
    ['https://d.example/main', 'https://conda.anaconda.org/own'],
  ],
  [
    'all',
    { customMultichannels: { all: ['a', 'b'] } },
    ['https://conda.anaconda.org/a', 'https://conda.anaconda.org/b'],
  ],
  ['defaults', { customMultichannels: { defaults: ['a'] } }, ['https://conda.anaconda.org/a']],
  [
    'same',
    { customMultichannels: { same: ['same', 'b'] } },
    ['https://conda.anaconda.org/same', 'https://conda.anaconda.org/b'],
  ],
  [
    'conda-forge',
    { mirroredChannels: { 'conda-forge': ['https://m.example/cf'] } },
    ['https://conda.anaconda.org/conda-forge'],
  ],
])('the channel %s with %j', (text, configuration, expected) => {
  expect(urls(text, configuration)).toEqual(expected);
});

test('credentials and mirrors are in the sources, and only there', () => {
  const [login] = resolveChannel('https://${USER_NAME}:pw@host.example/a', places());
  expect(login).toMatchObject({ name: 'https://host.example/a', sources: ['https://ada:pw@host.example/a'] });
  const [token] = resolveChannel('https://host.example/t/${TOKEN}/a', places());
  expect(token).toMatchObject({ name: 'https://host.example/a', sources: ['https://host.example/t/tk-secret-1/a'] });
  expect(token?.hide('at https://host.example/t/tk-secret-1/a')).toBe('at https://host.example/t/${TOKEN}/a');
  const mirrors = { mirroredChannels: { 'conda-forge': ['https://m.example/cf/', 'https://n.example/cf'] } };
  expect(resolveChannel('conda-forge', places(mirrors))[0]?.sources).toEqual([
    'https://m.example/cf',
    'https://n.example/cf',
  ]);
  const tokens = new Map([['conda.anaconda.org', 'tk-9']]);
  expect(resolveChannel('private', places({}, { tokens }))[0]?.sources).toEqual([
    'https://conda.anaconda.org/t/tk-9/private',
  ]);
  expect(resolveChannel('https://other.example/a', places({}, { tokens }))[0]?.sources).toEqual([
    'https://other.example/a',
  ]);
});

const forge = 'https://conda.anaconda.org/conda-forge';
const mirror = ['https://m.example/cf'];
test.each<[string, Partial<CondaConfiguration>, string[]]>([
  // A mirror by name holds for the address, and the other way round.
  [forge, { mirroredChannels: { 'conda-forge': mirror } }, mirror],
  ['conda-forge', { mirroredChannels: { [`${forge}/`]: mirror } }, mirror],
  [`${forge}/linux-64`, { mirroredChannels: { 'conda-forge': mirror } }, mirror],
  ['https://repo.anaconda.com/pkgs/main', { mirroredChannels: { 'pkgs/main': mirror } }, mirror],
  ['https://a.example/x', { channelAlias: 'https://a.example', mirroredChannels: { x: mirror } }, mirror],
  ['x', { channelAlias: 'https://a.example', mirroredChannels: { 'https://conda.anaconda.org/x': mirror } }, mirror],
  [
    'https://other.example/conda-forge',
    { mirroredChannels: { 'conda-forge': mirror } },
    ['https://other.example/conda-forge'],
  ],
  // What is at the alias comes first, and where the address itself points to, second.
  [forge, { channelAlias: 'https://a.example/all' }, ['https://a.example/all/conda-forge', forge]],
  [forge, { channelAlias: 'https://u:p@a.example' }, ['https://u:p@a.example/conda-forge', forge]],
  [forge, { customChannels: { 'conda-forge': 'https://c.example' } }, ['https://c.example/conda-forge', forge]],
  ['https://c.example/mine', { customChannels: { mine: 'https://c.example' } }, ['https://c.example/mine']],
  [
    'https://conda.anaconda.org/t/${TOKEN}/private',
    { channelAlias: 'https://a.example' },
    ['https://a.example/private', 'https://conda.anaconda.org/t/tk-secret-1/private'],
  ],
  ['https://conda.anaconda.org/t/${TOKEN}/private', {}, ['https://conda.anaconda.org/t/tk-secret-1/private']],
  ['https://conda.anaconda.org/local', { channelAlias: 'https://a.example' }, ['https://conda.anaconda.org/local']],
])('%s with %j is read at %j', (text, configuration, sources) => {
  const [channel] = resolveChannel(text, places(configuration));
  expect(channel?.sources).toEqual(sources);
  // What a lock says does not change by it.
  if (text.startsWith('https:')) expect(channel?.url).toBe(resolveChannel(text, places())[0]?.url);
});

test('a channel counts once, at its first place; one folder of it and the whole are the whole', () => {
  const channels = resolveChannels(
    ['a', 'b', 'https://conda.anaconda.org/a/', 'c/linux-64', 'c/noarch', 'b/noarch'],
    places(),
  );
  expect(channels.map(({ url, subdirs }) => [url.split('/').at(-1), subdirs])).toEqual([
    ['a', undefined],
    ['b', undefined],
    ['c', ['linux-64', 'noarch']],
  ]);
});

test.each([
  ['../here', 'INVALID_DEFINITION', 'a path relative to nothing'],
  ['./here', 'INVALID_DEFINITION', 'a path relative to nothing'],
  ['two words', 'INVALID_DEFINITION', 'is no channel'],
  ['a//b', 'INVALID_DEFINITION', 'is no channel'],
  ['a/../b', 'INVALID_DEFINITION', 'is no channel'],
  ['https://', 'INVALID_DEFINITION', 'is no channel'],
  ['https://a b/c', 'INVALID_DEFINITION', 'is no address'],
  ['s3://bucket/a', 'UNSUPPORTED_FEATURE', 's3://'],
  ['file://host/share', 'UNSUPPORTED_FEATURE', 'another machine'],
  ['oci://host/a', 'UNSUPPORTED_FEATURE', 'oci://'],
  ['local', 'UNSUPPORTED_FEATURE', 'conda-build'],
  ['https://host.example/t/${NOT_SET}/a', 'UNAUTHORIZED', '${NOT_SET}'],
])('the channel %s is refused', (text, code, part) => {
  expect(() => resolveChannel(text, places())).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(part) as string }),
  );
});

test.each([
  ['https://a:b@h.example/t/tok/c/', 'https://h.example/c'],
  ['https://h.example/t/', 'https://h.example/t'],
  ['https://h.example/art/t/c', 'https://h.example/art'],
  ['file:///t/tok/c', 'file:///t/tok/c'],
])('%s without secrets', (address, expected) => {
  expect(withoutSecrets(address)).toBe(expected);
});
