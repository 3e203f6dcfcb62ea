import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../../test/kit/memory-files.ts';
import { AppError } from '../../errors/index.ts';
import { fingerprint, type ReadResult, readDefinition } from '../index.ts';

const channel = 'https://conda.example/main';
const digests = { md5: 'a'.repeat(32), sha256: 'b'.repeat(64) };

const explicit = `# platform: linux-64
@EXPLICIT
${channel}/noarch/tzdata-2025b-0.conda#${digests.md5}
https://conda.example/other/linux-64/python-3.11.7-h0a1b2c3_0_cpython.conda#sha256:${digests.sha256}
${channel}/linux-64/_libgcc_mutex-0.1-main.tar.bz2
`;

const pylock = `lock-version = "1.0"
requires-python = ">=3.10"
created-by = "test"

[[packages]]
name = "Vine_Yard"
version = "2.1"
marker = "sys_platform != 'win32'"
index = "https://index.example/simple"
wheels = [{ url = "https://index.example/vine_yard-2.1-py3-none-any.whl", size = 3, hashes = { sha256 = "${digests.sha256}" } }]

[[packages]]
name = "grape"
archive = { url = "https://files.example/grape-1.0-py3-none-any.whl", hashes = { sha256 = "${digests.sha256}" } }

[[packages]]
name = "press"
version = "1.0"
vcs = { type = "git", url = "https://git.example/press.git", commit-id = "${'c'.repeat(40)}" }
`;

const entry = (name: string, platform: string, more: Record<string, string> = {}): string => {
  const { version = '1.0', build = '0', manager = 'conda', category = 'main' } = more;
  const url =
    more.url ??
    (manager === 'conda'
      ? `${channel}/${platform}/${name}-${version}-${build}.conda`
      : `https://files.example/${name}-${version}-py3-none-any.whl`);
  return `- name: ${name}
  version: '${version}'
  manager: ${manager}
  platform: ${platform}
  dependencies: {python: '>=3'}
  url: ${url}
  hash: {md5: ${digests.md5}, sha256: ${digests.sha256}}
  category: ${category}
  optional: false
`;
};
const condaLock = (...entries: string[]): string => `version: 1
metadata:
  content_hash: {linux-64: x}
  channels: [{url: conda-forge, used_env_vars: []}]
  platforms: [linux-64, osx-arm64]
  sources: [environment.yml]
package:
${entries.join('')}`;

async function read(text: string, path: string): Promise<ReadResult> {
  return await readDefinition({ path, text }, memoryFiles({}));
}

describe('a lock file of another tool as a definition', () => {
  it('conda’s list: exactly its packages, of its channels, for its platform', async () => {
    const { definition, format } = await read(explicit, 'explicit.txt');
    expect(format).toBe('lock');
    expect(definition).toMatchObject({
      platforms: ['linux-64'],
      layer: {
        kind: 'conda',
        lock: { file: { path: 'explicit.txt' } },
        channels: [channel, 'https://conda.example/other'],
        dependencies: ['tzdata=2025b=0', 'python=3.11.7=h0a1b2c3_0_cpython', '_libgcc_mutex=0.1=main'],
      },
    });
  });

  it('conda-lock.yml: what all platforms have, as exactly as they agree', async () => {
    const text = condaLock(
      entry('python', 'linux-64', { version: '3.11.7', build: 'h1_0' }),
      entry('python', 'osx-arm64', { version: '3.11.7', build: 'h2_0' }),
      entry('same', 'linux-64'),
      entry('same', 'osx-arm64'),
      entry('moved', 'linux-64', { version: '1.1' }),
      entry('moved', 'osx-arm64', { version: '1.2' }),
      entry('libcxx', 'osx-arm64'),
      entry('tool', 'linux-64', { manager: 'pip' }),
      entry('tool', 'osx-arm64', { manager: 'pip' }),
      entry('pytest', 'linux-64', { category: 'dev' }),
    );
    const { definition, warnings } = await read(text, 'conda-lock.yml');
    expect(definition).toMatchObject({
      platforms: ['linux-64', 'osx-arm64'],
      layer: {
        kind: 'conda',
        channels: ['conda-forge'],
        dependencies: [
          'python==3.11.7',
          'same=1.0=0',
          'moved ==1.1|==1.2',
          { pip: [{ type: 'requirement', text: 'tool==1.0' }] },
        ],
      },
    });
    expect(warnings.map(({ message }) => message)).toEqual(['packages of `dev` are left out']);
  });

  it('pylock.toml: pins, addresses and commits, with their markers; and the Python it asks for', async () => {
    const { definition } = await read(pylock, 'pylock.toml');
    expect(definition).toMatchObject({
      python: { version: '>=3.10' },
      layer: {
        kind: 'requirements',
        entries: [
          { text: "vine-yard==2.1 ; sys_platform != 'win32'" },
          { text: 'grape @ https://files.example/grape-1.0-py3-none-any.whl' },
          { text: `press @ git+https://git.example/press.git@${'c'.repeat(40)}` },
        ],
      },
    });
  });

  it('stands in an environment file as well, under the key that fits', async () => {
    const files = memoryFiles({ 'locks/explicit.txt': explicit, 'pylock.gpu.toml': pylock });
    const inFile = async (text: string): Promise<ReadResult> =>
      await readDefinition({ path: 'environment.yml', text }, files);
    const { definition } = await inFile('image: debian:12\nconda_file: locks/explicit.txt\n');
    expect(definition).toMatchObject({ image: 'debian:12', layer: { lock: { file: { path: 'locks/explicit.txt' } } } });
    const python = await inFile('requirements: pylock.gpu.toml\npython: {version: "3.12"}\n');
    expect(python.definition.python.version).toBe('3.12');
    await expect(inFile('requirements: locks/explicit.txt\n')).rejects.toThrow(
      /under `requirements`|is a lock of conda/,
    );
    await expect(inFile('conda_file: pylock.gpu.toml\n')).rejects.toThrow(/is a lock of Python packages/);
  });

  it('has a fingerprint of what it lists: comments do not count, digests do', async () => {
    const of = async (text: string): Promise<string> => fingerprint((await read(text, 'explicit.txt')).definition);
    const first = await of(explicit);
    expect(await of(`# made by hand\n${explicit}`)).toBe(first);
    expect(await of(explicit.replace(digests.md5, 'e'.repeat(32)))).not.toBe(first);
  });

  it.each<[string, string, RegExp]>([
    ['explicit.txt', '@EXPLICIT\n/opt/pkgs/linux-64/a-1-0.conda\n', /a version never points to a folder/],
    [
      'explicit.txt',
      '@EXPLICIT\nfile:///opt/pkgs/linux-64/a-1-0.conda\n',
      /explicit\.txt:2:1: .*a version never points/,
    ],
    [
      'explicit.txt',
      `@EXPLICIT\n\n${channel}/a-1-0.conda#x\n`,
      /explicit\.txt:3:1: `https:.*` is no address of a conda package/,
    ],
    [
      'explicit.txt',
      `@EXPLICIT\n/opt/pkgs/linux-64/a-1-0.conda#${digests.md5}\n`,
      /a version never points to a folder/,
    ],
    ['explicit.txt', `@EXPLICIT\nfile://host/linux-64/a-1-0.conda#${digests.md5}\n`, /is a file of this machine/],
    [
      'conda-lock.yml',
      condaLock(entry('a', 'linux-64', { url: 'file:///opt/pkgs/linux-64/a-1-0.conda' })),
      /in a folder that `metadata\.channels` does not name/,
    ],
    ['explicit.txt', `@EXPLICIT\n${channel}/linux-64/a.conda\n`, /is no address of a conda package/],
    ['explicit.txt', `@EXPLICIT\n${channel}/linux-64/a-1-0.conda#beef\n`, /`#beef` is no digest/],
    [
      'explicit.txt',
      `@EXPLICIT\n${channel}/linux-64/a-1-0.conda\n${channel}/noarch/a-2-0.conda\n`,
      /`a` is there twice/,
    ],
    [
      'explicit.txt',
      `@EXPLICIT\n${channel}/linux-64/a-1-0.conda\n${channel}/osx-64/b-2-0.conda\n`,
      /for linux-64 and osx-64/,
    ],
    ['explicit.txt', `@EXPLICIT\n${channel}/linux-64/..%2F..%2Fa-1-0.conda\n`, /is no address of a conda package/],
    ['explicit.txt', `@EXPLICIT\n${channel}/linux-64/%zz-1.conda\n`, /is no address of a conda package/],
    ['explicit.txt', `@EXPLICIT\n${channel}/linux-ppc64le/a-1-0.conda\n`, /linux-ppc64le, which Terroir does not know/],
    ['conda-lock.yml', 'version: 1\nmetadata: {}\npackage: []\n', /metadata\.channels/],
    [
      'conda-lock.yml',
      condaLock(entry('a', 'linux-64', { url: 'ftp://x/a' })),
      /conda-lock\.yml:\d+:8: `ftp:\/\/x\/a` is no address/,
    ],
    [
      'conda-lock.yml',
      condaLock(entry('a', 'linux-64', { manager: 'pip', url: 'file:///a.whl' })),
      /no address of a wheel/,
    ],
    ['pylock.toml', 'lock-version = "2.0"\n', /its `lock-version` is `2\.0`/],
    ['pylock.toml', 'lock-version = "1.0\n', /pylock\.toml:1:\d+: this is not valid TOML/],
    ['pylock.toml', '[[packages]]\nname = "a"\n', /lock-version/],
    [
      'pylock.toml',
      'lock-version = "1.0"\n[[packages]]\nname = "a"\ndirectory = {path = "."}\n',
      /pylock\.toml:3:1: `a` is the folder/,
    ],
    [
      'pylock.toml',
      'lock-version = "1.0"\n[[packages]]\nname = "a"\nwheels = [{path = "a.whl"}]\n',
      /`a` is the file `a\.whl`/,
    ],
    ['pylock.toml', 'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"\n', /`a` names no file/],
  ])('%s: %s', async (path, text, wanted) => {
    const error: unknown = await read(text, path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('INVALID_DEFINITION');
    expect((error as AppError).message).toMatch(wanted);
  });
});
