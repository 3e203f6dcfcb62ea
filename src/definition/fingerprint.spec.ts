import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../test/kit/memory-files.ts';
import { anonymousVersion, fingerprint, imageRepository, readDefinition } from './index.ts';

type Files = Readonly<Record<string, string>>;

async function read(text: string, path = 'env.yml', files: Files = {}) {
  return (await readDefinition({ path, text }, memoryFiles({ ...files, [path]: text }))).definition;
}
async function print(text: string, path?: string, files?: Files): Promise<string> {
  return fingerprint(await read(text, path, files));
}

const base =
  'image: debian:12\nconda_file:\n  channels: [conda-forge, nodefaults]\n  dependencies:\n    - python=3.11\n    - numpy\n    - pip:\n        - torch==2.1\n        - six\n';

describe('the fingerprint', () => {
  /** These hold for ever: a change here is a new format number. */
  const golden: readonly (readonly [what: string, expected: string, text: string, path?: string, files?: Files])[] = [
    ['an image', '5c3f6e227016fd8cf406bdc5299486c87d7419f28256e964eb6bbd8c7b8ad7a6', 'image: debian\n'],
    ['an image and a conda file', '94c68e06f2c6529f8961969449fad5385c1ebd98d9a94cf3873cabeaeabf7ec6', base],
    [
      'requirements in a list',
      'a5f66e7adb55b052800c82ec3352bd006134f6f051b5ebaa81ec7ffb01cf6f5f',
      'requirements: [numpy, "torch==2.1"]\n',
    ],
    [
      'a requirements file',
      'a5f66e7adb55b052800c82ec3352bd006134f6f051b5ebaa81ec7ffb01cf6f5f',
      'numpy\ntorch==2.1\n',
      'requirements.txt',
    ],
    [
      'options, includes and constraints',
      '1db4f1be87395a2ee8f869bf734cfb3c51bac6cf263a55da1eaf5c7bd2bfcedf',
      '--extra-index-url https://index.example/simple\n-r base.txt\n-c pins.txt\n',
      'requirements.txt',
      { 'base.txt': 'six\n', 'pins.txt': 'six<2\n' },
    ],
    [
      'a local wheel',
      'd03fecde0c563f772d961cf7a180cdeb177fdf3458d8b1bc20e3ce725fedfab7',
      './wheels/a-1-py3-none-any.whl\n',
      'requirements.txt',
      { 'wheels/a-1-py3-none-any.whl': 'bytes' },
    ],
    [
      'Docker steps',
      '6610c59a415187bc5c927c81ebc7096c83fee4eef71df4d29e8435ccd75ca7c3',
      'image: debian:12\ndocker_steps: |\n  RUN apt-get update\n  ENV A=1\n',
    ],
    [
      'a build context',
      '3e6fed1e957f8e23a1906e986ebd145db1e0ffd42c687463102ffe2e39f09203',
      'build: { path: ctx }\n',
      'env.yml',
      { 'ctx/Dockerfile': 'FROM debian:12\nCOPY x /x\n', 'ctx/x*': '1' },
    ],
    [
      'Python, system requirements and bytecode',
      'e6b8377aa98a1869b633766c4762a198bb14c57309d3ed8f5906a8a286f49894',
      'requirements: [six]\npython: { version: "3.12" }\nsystem_requirements: { glibc: "2.31", cuda: "12.4" }\nbytecode: true\n',
    ],
    [
      'Spark',
      'd13186d4e9a8fe4a6ffb036ec13af274aaef186b92740c9a1051b27b2e1d8df7',
      'image: debian:12\nspark: { packages: ["org.x:y:1"], repositories: [https://repo.example] }\n',
    ],
    [
      'user-managed Python',
      'c4e660c321c0f6cb77563d120427e4fc662d312a2659e8c102220b05f1a28f63',
      'image: debian:12\npython: { user_managed: true, interpreter_path: /opt/python }\n',
    ],
  ];
  it.each(golden.map(([what, expected, text, path, files]) => ({ what, expected, text, path, files })))(
    'of $what never drifts',
    async ({ expected, text, path, files }) => {
      expect(await print(text, path, files)).toBe(expected);
    },
  );

  const same: readonly (readonly [what: string, text: string])[] = [
    ['comments and blank lines', `# a comment\n\n${base.replace('- numpy', '- numpy   # fast')}`],
    ['line ends and a byte order mark', `\uFEFF${base.replaceAll('\n', '\r\n')}`],
    ['no final newline', base.trimEnd()],
    ['the order of keys', base.replace(/^image: debian:12\n/, '') + 'image: debian:12\n'],
    ['quoting', base.replace('- numpy', '- "numpy"').replace('debian:12', "'debian:12'")],
    ['the full form of the image', base.replace('debian:12', 'docker.io/library/debian:12')],
    ['name, version, description and tags', `name: x\nversion: 1.10\ndescription: d\ntags: { a: 1 }\n${base}`],
    [
      'variables, platforms, os_type, auto_rebuild',
      `environment_variables: { A: b }\nplatforms: [linux-64]\nos_type: Linux\nauto_rebuild: disabled\n${base}`,
    ],
    [
      'inference_config',
      `inference_config:\n  liveness_route: { path: /, port: 1 }\n  readiness_route: { path: /, port: 1 }\n  scoring_route: { path: /score, port: 1 }\n${base}`,
    ],
    [
      'a conda file’s own name, prefix and variables',
      base.replace('  channels', '  name: x\n  prefix: /x\n  variables: { A: b }\n  channels'),
    ],
  ];
  it.each(same)('does not change with %s', async (_what, text) => {
    expect(await print(text)).toBe(await print(base));
  });

  const other: readonly (readonly [what: string, text: string])[] = [
    ['the order of dependencies', base.replace('    - python=3.11\n    - numpy\n', '    - numpy\n    - python=3.11\n')],
    [
      'the order of pip’s packages',
      base.replace('        - torch==2.1\n        - six\n', '        - six\n        - torch==2.1\n'),
    ],
    ['the order of channels', base.replace('conda-forge, nodefaults', 'nodefaults, conda-forge')],
    ['a package more', `${base}        - extra\n`],
    ['a package less', base.replace('        - six\n', '')],
    ['a version', base.replace('torch==2.1', 'torch==2.2')],
    ['the image', base.replace('debian:12', 'debian:11')],
    ['a digest', base.replace('debian:12', `debian:12@sha256:${'a'.repeat(64)}`)],
    ['Docker steps', `${base}docker_steps: RUN true\n`],
    ['the Python version', `${base}python: { version: "3.11" }\n`],
    ['Spark', `${base}spark: { packages: ["a:b:1"] }\n`],
    ['system requirements', `${base}system_requirements: { glibc: "2.31" }\n`],
    ['bytecode', `${base}bytecode: true\n`],
  ];
  it.each(other)('changes with %s', async (_what, text) => {
    expect(await print(text)).not.toBe(await print(base));
  });

  it('takes the content of included files, not their names, and no credentials', async () => {
    const one = await print('-r a.txt\nnumpy\n', 'requirements.txt', { 'a.txt': 'six\n' });
    expect(await print('-r other/b.txt\nnumpy\n', 'requirements.txt', { 'other/b.txt': '# c\nsix' })).toBe(one);
    expect(await print('six\nnumpy\n', 'requirements.txt')).toBe(one);
    expect(await print('-r a.txt\nnumpy\n', 'requirements.txt', { 'a.txt': 'six<2\n' })).not.toBe(one);
    const index = await print('--index-url https://host/simple\nsix\n', 'requirements.txt');
    expect(await print('--index-url https://user:secret@host/simple\nsix\n', 'requirements.txt')).toBe(index);
    expect(await print('--index-url https://host/other\nsix\n', 'requirements.txt')).not.toBe(index);
  });

  it('takes content, executable bits and the Dockerfile’s path of a context, after .dockerignore', async () => {
    const files = { 'c/Dockerfile': 'FROM debian:12\n', 'c/x': '1' };
    const text = 'build: { path: c }\n';
    const one = await print(text, 'env.yml', files);
    expect(await print(text, 'env.yml', { ...files, 'c/x': '2' })).not.toBe(one);
    expect(await print(text, 'env.yml', { 'c/Dockerfile': 'FROM debian:12\n', 'c/x*': '1' })).not.toBe(one);
    const ignoring = { ...files, 'c/.dockerignore': 'junk\n.dockerignore\n', 'c/junk/y': '1' };
    expect(await print(text, 'env.yml', ignoring)).toBe(one);
    const moved = { 'c/docker/Dockerfile': 'FROM debian:12\n', 'c/x': '1' };
    expect(await print('build: { path: c, dockerfile_path: docker/Dockerfile }\n', 'env.yml', moved)).not.toBe(one);
  });

  const name = fc.stringMatching(/^[a-z][a-z0-9]{2,8}$/);
  const version = fc.tuple(fc.nat(20), fc.nat(20)).map(([major, minor]) => `${major}.${minor}`);
  const packages = fc.uniqueArray(fc.tuple(name, version), { minLength: 2, maxLength: 6, selector: ([each]) => each });
  const requirements = (
    list: readonly (readonly [string, string])[],
    decorate: (line: string) => string = (line) => line,
  ): string => list.map(([each, pin]) => `${decorate(`${each}==${pin}`)}\n`).join('');

  it('is a function of the packages and their order, and of nothing around them', async () => {
    const noise = fc.array(fc.constantFrom('# comment\n', '\n', '   \n'), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(packages, noise, fc.boolean(), async (list, lines, windows) => {
        const plain = await print(requirements(list), 'requirements.txt');
        const noisy = lines.join('') + requirements(list, (line) => `  ${line}   # why`) + lines.join('');
        expect(await print(windows ? noisy.replaceAll('\n', '\r\n') : noisy, 'reqs.in')).toBe(plain);
        const [first, second, ...rest] = list as [[string, string], [string, string], ...[string, string][]];
        expect(await print(requirements([second, first, ...rest]), 'requirements.txt')).not.toBe(plain);
        expect(await print(requirements(list.slice(1)), 'requirements.txt')).not.toBe(plain);
        expect(await print(requirements([[first[0], `${first[1]}.1`], second, ...rest]), 'requirements.txt')).not.toBe(
          plain,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('gives an anonymous version that knows the variables too', async () => {
    const one = await read(base);
    const two = await read(`environment_variables: { A: b }\n${base}`);
    expect(fingerprint(one)).toBe(fingerprint(two));
    expect(anonymousVersion(one)).not.toBe(anonymousVersion(two));
    expect(anonymousVersion(one)).toMatch(/^[0-9a-f]{32}$/);
    expect(imageRepository(fingerprint(one))).toBe(`terroir/env_${fingerprint(one).slice(0, 32)}`);
  });

  it('takes a login into the anonymous version, and not into the fingerprint: who adds one means to use it', async () => {
    const at = async (place: string) =>
      await read(`conda_file: { channels: ["https://${place}/main"], dependencies: [numpy] }\n`);
    const plain = await at('conda.example');
    const login = await at('ada:${PASSWORD}@conda.example');
    const token = await at('conda.example/t/${TOKEN}');
    expect(new Set([plain, login, token].map(fingerprint)).size).toBe(1);
    expect(new Set([plain, login, token].map(anonymousVersion)).size).toBe(3);
    // Written out, one password is like another.
    expect(anonymousVersion(await at('ada:one@conda.example'))).toBe(
      anonymousVersion(await at('ada:two@conda.example')),
    );
  });
});
