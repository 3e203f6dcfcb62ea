import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pythonsForTests } from '../../../test/kit/pythons.ts';
import { readPipConfiguration } from './pip-configuration.ts';

let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'terroir-pip-'));
});
afterEach(async () => await rm(home, { recursive: true, force: true }));

interface Case {
  /** Below the home folder, which `~` stands for in contents and variables too. */
  files?: Record<string, string>;
  env?: Record<string, string>;
}

/** Where each source of pip's configuration lies in these tests. */
const at = {
  machine: 'etc/pip/pip.conf',
  legacy: '.pip/pip.conf',
  user: '.config/pip/pip.conf',
  venv: 'venv/pip.conf',
  named: 'named.conf',
};
const fixed = { XDG_CONFIG_DIRS: '~/etc' };

const cases: Record<string, Case> = {
  nothing: {},
  'the user’s file': { files: { [at.user]: '[global]\nindex-url = https://a/simple\ntimeout = 5\n' } },
  'later files win': {
    files: {
      [at.machine]: '[global]\nindex-url = https://machine/\nproxy = http://p:1\n',
      [at.legacy]: '[global]\nindex-url=https://legacy/\n',
      [at.user]: '[global]\nindex_url : https://user/\n',
    },
  },
  'install over global, whatever the file': {
    files: {
      [at.machine]: '[install]\nindex-url = https://install/\n',
      [at.user]: '[global]\nindex-url = https://global/\n',
    },
  },
  'an empty value takes an earlier one away': {
    files: { [at.machine]: '[global]\nproxy = http://p:1\n', [at.user]: '[global]\nproxy =\n' },
  },
  'a named file instead of the user’s': {
    files: {
      [at.machine]: '[global]\npre = true\n',
      [at.user]: '[global]\nindex-url = https://user/\n',
      [at.named]: '[global]\nno-index = yes\n',
    },
    env: { PIP_CONFIG_FILE: '~/named.conf' },
  },
  'a named file that is not there': {
    files: { [at.user]: '[global]\nindex-url = https://user/\n' },
    env: { PIP_CONFIG_FILE: '~/missing.conf' },
  },
  'no file at all': {
    files: { [at.user]: '[global]\nindex-url = https://user/\n' },
    env: { PIP_CONFIG_FILE: '/dev/null', PIP_PRE: '1' },
  },
  'variables over files': {
    files: { [at.user]: '[install]\nindex-url = https://user/\nextra-index-url = https://x/\n' },
    env: {
      PIP_INDEX_URL: 'https://env/',
      PIP_EXTRA_INDEX_URL: 'https://e1/ https://e2/',
      PIP_NO_INDEX: '0',
      PIP_TRUSTED_HOST: '',
    },
  },
  'lists over several lines': {
    files: {
      [at.user]:
        '[global]\nextra-index-url =\n    https://one/\n\n    # a comment\n    https://two/\nfind-links = ~/wheels https://page/\n  /other\ntrusted-host = a b:8443\n',
    },
  },
  'signs inside of values': {
    files: {
      [at.user]:
        '[global]\nindex-url = https://u:p%40w@host/simple/#frag;x\nproxy = http://q:1  ; not a comment\nclient-cert = "~/cert.pem"\n',
    },
  },
  'comments, blank lines, CRLF': {
    files: {
      [at.user]:
        '# first\r\n; second\r\n\r\n[global]\r\nindex-url = https://crlf/\r\n\r\n[download]\r\nindex-url = https://download/\r\n[freeze]\r\ntimeout = 10\r\n',
    },
  },
  binaries: {
    files: { [at.user]: '[install]\nno-binary = :all:\nonly-binary = numpy,scipy\n' },
    env: { PIP_CONSTRAINT: '/c.txt' },
  },
};

const expandIn = (text: string): string => text.replaceAll('~', home);

async function setUp({ files = {}, env = {} }: Case): Promise<Record<string, string>> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), expandIn(text));
  }
  return Object.fromEntries(
    Object.entries({ ...fixed, ...env, HOME: home }).map(([name, value]) => [name, expandIn(value)]),
  );
}

/** What pip itself would go by: its files' sections, then its variables. */
async function askPip(env: Record<string, string>): Promise<Map<string, string> | undefined> {
  const python = (await pythonsForTests()).at(-1);
  if (python === undefined) return undefined;
  const script = [
    'import json',
    'from pip._internal.configuration import Configuration',
    'c = Configuration(isolated=False); c.load()',
    'print(json.dumps(dict(c.items())))',
  ].join('\n');
  let said: Record<string, unknown>;
  try {
    said = JSON.parse(
      execFileSync(python.executable, ['-c', script], {
        encoding: 'utf8',
        env: { ...env, PATH: '/usr/bin:/bin' },
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ) as Record<string, unknown>;
  } catch {
    // A Python without pip.
    return undefined;
  }
  const flat = Object.entries(said).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null ? Object.entries(value) : [[key, value] as const],
  );
  const found = new Map<string, string>();
  for (const section of ['global', 'install', ':env:']) {
    for (const [key, value] of flat) {
      if (!key.startsWith(`${section}.`) || value === '' || key === ':env:.config-file') continue;
      found.set(key.slice(section.length + 1), String(value));
    }
  }
  return found;
}

test.each(Object.entries(cases))('%s, as pip reads it', async (_name, each) => {
  const env = await setUp(each);
  const { settings } = await readPipConfiguration({ env, home });
  const ours = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
  const pips = await askPip(env);
  if (pips !== undefined) expect(ours).toEqual(Object.fromEntries(pips));
});

test('what the settings mean', async () => {
  const text = `[global]
index-url = https://u:p@host/simple
extra-index-url =
    https://one/
    https://two/
find-links = /a
  https://b/
trusted-host = c
  d:1
pre = On
no-index = no
require-hashes = y
no-binary = x,y
cert = /ca.pem
client-cert = /me.pem
proxy = http://p:3128
retries = 7
keyring-provider = subprocess
constraint = /one.txt /two.txt
`;
  const env = await setUp({ files: { [at.user]: text } });
  const { settings, ...meaning } = await readPipConfiguration({ env, home });
  const index = settings.find(({ name }) => name === 'index-url');
  expect(index).toEqual({ name: 'index-url', value: 'https://u:p@host/simple', origin: join(home, at.user) });
  expect(meaning).toEqual({
    indexUrl: 'https://u:p@host/simple',
    extraIndexUrls: ['https://one/', 'https://two/'],
    findLinks: ['/a', 'https://b/'],
    noIndex: false,
    trustedHosts: ['c', 'd:1'],
    pre: true,
    preferBinary: false,
    requireHashes: true,
    noBinary: ['x,y'],
    onlyBinary: [],
    constraints: ['/one.txt', '/two.txt'],
    certificates: '/ca.pem',
    clientCertificate: '/me.pem',
    proxy: 'http://p:3128',
    retries: 7,
    keyring: 'subprocess',
  });
});

test('a virtual environment’s file, and uv’s variables where pip says nothing', async () => {
  const env = await setUp({
    files: { [at.user]: '[global]\nindex-url = https://user/\n', [at.venv]: '[global]\nindex-url = https://venv/\n' },
    env: {
      VIRTUAL_ENV: '~/venv',
      UV_INDEX_URL: 'https://uv/',
      UV_INDEX: 'named=https://extra/ https://more/',
      UV_FIND_LINKS: '/l,/m',
    },
  });
  expect(await readPipConfiguration({ env, home })).toMatchObject({
    indexUrl: 'https://venv/',
    extraIndexUrls: ['https://extra/', 'https://more/'],
    findLinks: ['/l', '/m'],
  });
  delete env.VIRTUAL_ENV;
  await rm(join(home, '.config'), { recursive: true });
  expect(await readPipConfiguration({ env, home })).toMatchObject({ indexUrl: 'https://uv/' });
});

test('a file that pip refuses is refused by name', async () => {
  const env = await setUp({ files: { [at.user]: '[global]\nthis is nothing\n' } });
  await expect(readPipConfiguration({ env, home })).rejects.toMatchObject({
    code: 'USAGE',
    message: `pip’s configuration \`${join(home, at.user)}\` cannot be read: a line is neither \`[section]\` nor \`name = value\``,
  });
});
