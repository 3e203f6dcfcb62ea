import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../../test/kit/memory-files.ts';
import { readDefinition } from '../index.ts';
import { applyFixes, checkDefinition, pinFromLock } from './index.ts';
import { checkRules } from './rules.ts';

type Files = Readonly<Record<string, string>>;

async function read(path: string, text: string, files: Files = {}) {
  return await readDefinition({ path, text }, memoryFiles({ ...files, [path]: text }));
}
async function findings(path: string, text: string, files?: Files) {
  return checkDefinition(await read(path, text, files), { today: '2026-11-23T00:00:00Z' }).map(
    ({ code, position }) => `${code} ${position?.line ?? 0}:${position?.column ?? 0}`,
  );
}

const explicit = `https://x.org/c/linux-64/python-3.11.7-h1_0.conda#${'0'.repeat(32)}\n`;

/** Each rule: what fires it, where; and what is near and does not. */
const cases: readonly { code: string; path?: string; text: string; at: string; near: string; files?: Files }[] = [
  { code: 'reserved-name', text: 'name: AzureML-x\nimage: a:1\n', at: '1:1', near: 'name: x-azureml\nimage: a:1\n' },
  { code: 'invalid-name', text: 'name: my env\nimage: a:1\n', at: '1:1', near: 'name: my.env\nimage: a:1\n' },
  {
    code: 'tag-limits',
    text: `tags: { a: ${'x'.repeat(1001)} }\nimage: a:1\n`,
    at: '1:1',
    near: `tags: { a: ${'x'.repeat(1000)} }\nimage: a:1\n`,
  },
  {
    code: 'variables-belong-to-run',
    text: 'image: a:1\nenvironment_variables:\n  A: b\n',
    at: '3:6',
    near: 'image: a:1\n',
  },
  {
    code: 'deprecated-docker-section',
    path: 'azureml_environment.json',
    text: '{"name":"x","python":{"userManagedDependencies":true},"docker":{"enabled":true,"baseImage":"a:1"}}',
    at: '0:0',
    near: '{"name":"x","python":{"userManagedDependencies":true},"docker":{"enabled":false,"shmSize":"2g","baseImage":"a:1"}}',
  },
  { code: 'spark-packages', text: 'image: a:1\nspark: { packages: ["a:b:1"] }\n', at: '1:1', near: 'image: a:1\n' },
  { code: 'missing-image', text: 'requirements: [a==1]\n', at: '1:1', near: 'image: a:1\n' },
  { code: 'deprecated-image', text: 'image: ubuntu:18.04\n', at: '1:8', near: 'image: ubuntu:24.04\n' },
  { code: 'image-without-tag', text: 'image: debian\n', at: '1:8', near: 'image: debian:12.5\n' },
  {
    code: 'moving-tag',
    text: 'image: python:3.12\n',
    at: '1:8',
    near: `image: python:3.12@sha256:${'a'.repeat(64)}\n`,
  },
  {
    code: 'dockerfile-too-large',
    text: `image: a:1\ndocker_steps: RUN ${'x'.repeat(100_001)}\n`,
    at: '2:15',
    near: 'image: a:1\ndocker_steps: RUN x\n',
  },
  {
    code: 'large-context',
    text: 'build: { path: c }\n',
    files: { 'c/Dockerfile': 'FROM a:1\n', 'c/big': 'x'.repeat(1_000_001) },
    at: '1:8',
    near: 'build: { path: d }\n',
  },
  {
    code: 'windows-environment',
    text: 'image: a:1\nos_type: Windows\n',
    at: '2:10',
    near: 'image: a:1\nos_type: Linux\n',
  },
  {
    code: 'python-packages-in-steps',
    text: 'image: a:1\ndocker_steps: RUN pip install x\n',
    at: '2:15',
    near: 'image: a:1\ndocker_steps: RUN pip list\n',
  },
  {
    code: 'unpinned-system-packages',
    text: 'image: a:1\ndocker_steps: RUN apt-get install -y gcc\n',
    at: '2:15',
    near: 'image: a:1\ndocker_steps: RUN apt-get install -y gcc=4:12\n',
  },
  {
    code: 'download-without-checksum',
    text: 'image: a:1\ndocker_steps: ADD https://x/y /y\n',
    at: '2:15',
    near: 'image: a:1\ndocker_steps: ADD --checksum=sha256:0 https://x/y /y\n',
  },
  {
    code: 'unresolved-from',
    text: 'build: { path: e }\n',
    files: { 'e/Dockerfile': 'ARG B\nFROM $B\n' },
    at: '2:1',
    near: 'build: { path: d }\n',
  },
  {
    code: 'python-missing',
    text: 'conda_file:\n  dependencies: [numpy]\n',
    at: '2:3',
    near: 'conda_file:\n  dependencies: [python=3.12]\n',
  },
  {
    code: 'python-conflict',
    text: 'python: { version: "3.12" }\nconda_file:\n  dependencies: [python=3.11]\n',
    at: '3:18',
    near: 'python: { version: "3.11" }\nconda_file:\n  dependencies: [python=3.11.2]\n',
  },
  {
    code: 'python-end-of-life',
    text: 'requirements: [a]\npython: { version: "3.8" }\n',
    at: '2:20',
    near: 'requirements: [a]\npython: { version: "3.12" }\n',
  },
  {
    code: 'python-unsupported',
    text: 'requirements: [a]\npython: { version: "3.99" }\n',
    at: '2:20',
    near: 'requirements: [a]\npython: { version: ">=3.10" }\n',
  },
  {
    code: 'r-deprecated',
    text: 'conda_file:\n  dependencies: [r-base]\n',
    at: '2:18',
    near: 'conda_file:\n  dependencies: [rich]\n',
  },
  { code: 'unpinned-package', path: 'r.txt', text: 'a==1\n  b>=2\n', at: '2:3', near: 'a==1\nb===2\n' },
  { code: 'conflicting-pins', path: 'r.txt', text: 'a==1.2\na>=2\n', at: '2:1', near: 'a==2.2\na>=2\n' },
  { code: 'empty-range', path: 'r.txt', text: 'a>=2,<1.5\n', at: '1:1', near: 'a>=1,<1.5\n' },
  {
    code: 'duplicate-package',
    path: 'r.txt',
    text: 'A_b\na-b\n',
    at: '2:1',
    near: 'a ; python_version < "3"\na ; python_version > "3"\n',
  },
  {
    code: 'package-in-conda-and-pip',
    text: 'conda_file:\n  dependencies: [numpy, { pip: [numpy] }]\n',
    at: '2:33',
    near: 'conda_file:\n  dependencies: [numpy, { pip: [scipy] }]\n',
  },
  { code: 'import-name', path: 'r.txt', text: 'sklearn\n', at: '1:1', near: 'scikit-learn\n' },
  { code: 'standard-library', path: 'r.txt', text: 'argparse\n', at: '1:1', near: 'argcomplete\n' },
  {
    code: 'windows-only-package',
    path: 'r.txt',
    text: 'pywin32\n',
    at: '1:1',
    near: 'pywin32 ; sys_platform == "win32"\n',
  },
  {
    code: 'unpinned-git',
    path: 'r.txt',
    text: 'git+https://x/y@main\n',
    at: '1:1',
    near: `git+https://x/y@${'a'.repeat(40)}\n`,
  },
  {
    code: 'archive-without-hash',
    path: 'r.txt',
    text: 'x @ https://x/y.whl\n',
    at: '1:5',
    near: `x @ https://x/y.whl#sha256=${'a'.repeat(64)}\n`,
  },
  { code: 'editable-install', path: 'r.txt', text: '-e ./p\n', files: { 'p/setup.py': '' }, at: '1:4', near: './p\n' },
  { code: 'meaningless-key', text: 'image: a:1\ndatastore: x\n', at: '2:1', near: 'image: a:1\n' },
  { code: 'names-no-package', path: 'r.txt', text: '# numpy\n', at: '1:1', near: 'numpy\n' },
  {
    code: 'local-find-links',
    path: 'r.txt',
    text: '--find-links /data/wheels\na\n',
    at: '1:14',
    near: '--find-links https://x/wheels\na\n',
  },
  {
    code: 'left-out-of-lock-file',
    path: 'explicit.txt',
    text: `@EXPLICIT\n${explicit}# pip a @ https://x/a.whl\n`,
    at: '3:1',
    near: `@EXPLICIT\n${explicit}# pips\n`,
  },
  {
    code: 'base-conda-environment',
    path: 'azureml_environment.json',
    text: '{"python":{"userManagedDependencies":true,\n"baseCondaEnvironment":"base"},"docker":{}}',
    at: '2:1',
    near: '{"python":{"userManagedDependencies":true,\n"baseCondaEnvironment":null},"docker":{}}',
  },
  {
    code: 'databricks-libraries',
    path: 'azureml_environment.json',
    text: '{"python":{"userManagedDependencies":true},"docker":{},\n"databricks":{"jarLibraries":["x"]}}',
    at: '2:1',
    near: '{"python":{"userManagedDependencies":true},"docker":{},\n"databricks":{"jarLibraries":[]}}',
  },
  {
    code: 'missing-inference-server',
    text: 'requirements: [a]\ninference_config: { liveness_route: { path: /, port: 1 }, readiness_route: { path: /, port: 1 }, scoring_route: { path: /, port: 1 } }\n',
    at: '1:15',
    near: 'requirements: [azureml-inference-server-http]\ninference_config: { liveness_route: { path: /, port: 1 }, readiness_route: { path: /, port: 1 }, scoring_route: { path: /, port: 1 } }\n',
  },
  {
    code: 'dependency-confusion',
    path: 'r.txt',
    text: '--extra-index-url https://x/simple\na\n',
    at: '1:1',
    near: '--extra-index-url https://x/simple\na==1\n',
  },
  {
    code: 'insecure-index',
    path: 'r.txt',
    text: '--index-url http://x/simple\n',
    at: '1:13',
    near: '--index-url http://localhost/simple\n',
  },
  { code: 'trusted-host', path: 'r.txt', text: '--trusted-host x\n', at: '1:1', near: 'a\n' },
  { code: 'pre-releases', path: 'r.txt', text: '--pre\n', at: '1:1', near: 'a==1rc1\n' },
  {
    code: 'conda-no-channels',
    text: 'conda_file:\n  dependencies: [a]\n',
    at: '2:3',
    near: 'conda_file:\n  channels: [conda-forge]\n  dependencies: [a]\n',
  },
  {
    code: 'defaults-terms',
    text: 'conda_file:\n  channels: [defaults]\n  dependencies: [a]\n',
    at: '2:14',
    near: 'conda_file:\n  channels: [nodefaults]\n  dependencies: [a]\n',
  },
  {
    code: 'conda-no-dependencies',
    text: 'conda_file:\n  dependencies: []\n',
    at: '2:3',
    near: 'conda_file:\n  dependencies: [a]\n',
  },
  {
    code: 'pip-not-listed',
    text: 'conda_file:\n  dependencies: [{ pip: [a] }]\n',
    at: '2:18',
    near: 'conda_file:\n  dependencies: [pip, { pip: [a] }]\n',
  },
  {
    code: 'pip-not-pinned',
    text: 'conda_file:\n  dependencies: [pip]\n',
    at: '2:18',
    near: 'conda_file:\n  dependencies: [pip=24]\n',
  },
  {
    code: 'several-pip-blocks',
    text: 'conda_file:\n  dependencies: [{ pip: [a] }, { pip: [b] }]\n',
    at: '2:32',
    near: 'conda_file:\n  dependencies: [{ pip: [a, b] }]\n',
  },
  {
    code: 'conda-variables',
    text: 'conda_file:\n  variables: { A: b }\n  dependencies: [a]\n',
    at: '2:3',
    near: 'conda_file:\n  dependencies: [a]\n',
  },
  {
    code: 'build-string',
    text: 'conda_file:\n  dependencies: [numpy=1.2=py311_0]\n',
    at: '2:18',
    near: 'conda_file:\n  dependencies: [numpy=1.2=py311*]\n',
  },
  {
    code: 'constraint-only',
    path: 'r.txt',
    text: '-c c.txt\n',
    files: { 'c.txt': 'a<2\n' },
    at: '1:1',
    near: '-c c.txt\na\n',
  },
  {
    code: 'credentials-in-address',
    path: 'r.txt',
    text: '--index-url https://me:secret@x/simple\n',
    at: '1:13',
    near: '--index-url https://${USER}:${TOKEN}@x/simple\n',
  },
  {
    code: 'secret-in-variable',
    text: 'image: a:1\nenvironment_variables:\n  API_TOKEN: abc\n',
    at: '3:14',
    near: 'image: a:1\nenvironment_variables:\n  API_TOKEN: ${API_TOKEN}\n',
  },
  {
    code: 'secret-in-steps',
    text: 'image: a:1\ndocker_steps: ENV API_TOKEN=abc\n',
    at: '2:15',
    near: 'image: a:1\ndocker_steps: ENV TOKENIZERS_PARALLELISM=false\n',
  },
  {
    code: 'unexpanded-variable',
    text: 'image: a:1\nenvironment_variables:\n  API_TOKEN: ${API_TOKEN}\n',
    at: '3:14',
    near: 'image: a:1\nenvironment_variables:\n  PRICE: 5$\n',
  },
];
const around: Files = { 'd/Dockerfile': 'FROM debian:12.5\n', 'c.txt': 'a<2\n', 'p/setup.py': '' };

describe('checks', () => {
  it.each(cases)(
    '$code fires at its place, and not next to it',
    async ({ code, path = 'env.yml', text, at, near, files }) => {
      expect(await findings(path, text, { ...around, ...files })).toContain(`${code} ${at}`);
      const others = await findings(path, near, { ...around, ...files });
      expect(others.filter((finding) => finding.startsWith(`${code} `))).toEqual([]);
    },
  );

  it('are all tried here', () => {
    expect(cases.map(({ code }) => code).sort()).toEqual(checkRules.map(({ code }) => code).sort());
  });

  it('complain about nothing in a clean file', async () => {
    const clean = `name: clean\nimage: debian:12.5@sha256:${'a'.repeat(64)}\npython: { version: "3.12" }\nrequirements: [numpy==2.3.5]\n`;
    expect(await findings('env.yml', clean)).toEqual([]);
  });

  it('see credentials in the channel of one package too', async () => {
    const text = (place: string): string => `channels: [a]\ndependencies:\n  - python=3.12\n  - ${place}::x=1\n`;
    for (const place of ['https://me:secret@x.org/c', 'https://x.org/t/abcdef123456/c', 'https://x.org/t/abcdef123456'])
      expect(await findings('env.yml', text(place))).toContain('credentials-in-address 4:5');
    expect(await findings('env.yml', text('https://x.org/c'))).not.toContain('credentials-in-address 4:5');
  });

  it('point at the address in a requirement', async () => {
    expect(await findings('r.txt', 'a  @  git+https://x/a.git@main\n')).toContain('unpinned-git 1:7');
    const list = 'image: a:1\nrequirements: ["--pre --index-url http://x/simple", "b @ https://x/b.zip"]\n';
    expect(await findings('env.yml', list)).toEqual(
      expect.arrayContaining(['insecure-index 2:35', 'archive-without-hash 2:58']),
    );
  });

  it('do not ask of a lock file what it is there for', async () => {
    const digest = '0123456789abcdef0123456789abcdef';
    const lock = ['python-3.11.7-h1_0', 'numpy-1.26.4-py311_0'].map(
      (file) => `https://x.org/c/linux-64/${file}.conda#${digest}\n`,
    );
    expect(await findings('explicit.txt', `@EXPLICIT\n${lock.join('')}`)).toEqual(['missing-image 0:0']);
  });

  it('repair names, and leave the rest as it is', async () => {
    const source = await read('r.txt', '# top\nsklearn>=1  # why\r\nnumpy\n');
    const fixes = checkDefinition(source).flatMap(({ fix }) => fix ?? []);
    expect(applyFixes(source.sources, fixes)[0]?.text).toBe('# top\nscikit-learn>=1  # why\r\nnumpy\n');
  });

  it('pin from a lock without touching anything else, and only once', async () => {
    const versions = [
      { kind: 'pypi', name: 'alpha', version: '1.2' },
      { kind: 'pypi', name: 'beta', version: '3.4' },
    ] as const;
    const space = fc.constantFrom('', ' ', '  ');
    const comment = fc.constantFrom('', '  # why', ' # x==1');
    const extras = fc.constantFrom('', '[a]', '[a, b]');
    await fc.assert(
      fc.asyncProperty(
        space,
        comment,
        extras,
        fc.constantFrom('', '>=1', ' >= 1, <9'),
        async (blank, why, extra, range) => {
          const text = `${blank}alpha${extra}${range}${why}\n# between\nbeta==3.0\nother\n`;
          const source = await read('r.txt', text);
          const pinned =
            applyFixes(source.sources, pinFromLock(source, { packages: versions, python: '3.12' }))[0]?.text ?? '';
          expect(pinned).toBe(`${blank}alpha${extra}==1.2${why}\n# between\nbeta==3.0\nother\n`);
          const again = await read('r.txt', pinned);
          expect(pinFromLock(again, { packages: versions, python: '3.12' })).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  describe('by a lock', () => {
    const packages = [
      { kind: 'conda', name: 'python', version: '3.12.4' },
      { kind: 'conda', name: 'numpy', version: '2.1' },
      { kind: 'pypi', name: 'alpha', version: '1.2' },
    ] as const;

    it.each<[what: string, path: string, text: string, expected: string]>([
      [
        'a list',
        'env.yml',
        '# top\nrequirements: [alpha==1.2] # r\n',
        '# top\nrequirements: [alpha==1.2] # r\npython: { version: "3.12" }\n',
      ],
      [
        'a file without an end',
        'env.yml',
        'requirements: [alpha]',
        'requirements: [alpha==1.2]\npython: { version: "3.12" }\n',
      ],
      [
        'CRLF',
        'env.yml',
        'requirements:\r\n- alpha\r\n',
        'requirements:\r\n- alpha==1.2\r\npython: { version: "3.12" }\r\n',
      ],
      [
        'a map that is there',
        'env.yml',
        'python:\n  # why\n  user_managed: false\nrequirements: [alpha==1.2]\n',
        'python:\n  # why\n  version: "3.12"\n  user_managed: false\nrequirements: [alpha==1.2]\n',
      ],
      ['braces around it all', 'env.yml', '{requirements: [alpha]}\n', '{requirements: [alpha==1.2]}\n'],
      [
        'a conda file',
        'conda.yml',
        'dependencies:\n  # n\n  - numpy=2.1  # pinned\n  - pip:\n      - alpha\n',
        'dependencies:\n  # n\n  - numpy=2.1  # pinned\n  - python=3.12.4\n  - pip:\n      - alpha==1.2\n',
      ],
      [
        'a conda file with one',
        'conda.yml',
        'dependencies: [python, numpy=2.1]\n',
        'dependencies: [python=3.12.4, numpy=2.1]\n',
      ],
      ['a bare requirements file', 'r.txt', 'alpha\n', 'alpha==1.2\n'],
    ])('a Python is named, and nothing else touched: %s', async (_what, path, text, expected) => {
      const source = await read(path, text);
      const fixed = applyFixes(source.sources, pinFromLock(source, { packages, python: '3.12' }))[0]?.text ?? '';
      expect(fixed).toBe(expected);
      expect(pinFromLock(await read(path, fixed), { packages, python: '3.12' })).toEqual([]);
    });

    it.each([
      ['alpha \\\n    >=1  # why\n', 'alpha==1.2  # why\n'],
      ['alpha>=1 \\\r\n  ; os_name == "posix"\r\n', 'alpha==1.2 ; os_name == "posix"\r\n'],
      ['alpha[a, \\\n  b]>=1, \\\n <9\nbeta\n', 'alpha[a, b]==1.2\nbeta\n'],
    ])('a requirement that is continued is pinned: %j', async (text, expected) => {
      const source = await read('r.txt', text);
      expect(applyFixes(source.sources, pinFromLock(source, { packages, python: '3.12' }))[0]?.text).toBe(expected);
    });
  });
});
