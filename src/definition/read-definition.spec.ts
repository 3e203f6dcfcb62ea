import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../test/kit/memory-files.ts';
import { isAppError } from '../errors/index.ts';
import { readDefinition } from './index.ts';

type Files = Readonly<Record<string, string>>;

async function read(path: string, text: string, files: Files = {}) {
  return await readDefinition({ path, text }, memoryFiles({ ...files, [path]: text }));
}
async function mistake(
  path: string,
  text: string,
  files: Files = {},
): Promise<{ code: string; message: string; hint: string | undefined }> {
  try {
    await read(path, text, files);
  } catch (error) {
    if (isAppError(error)) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error(`${path} was read without a complaint`);
}

describe('definitions as they are found in the wild', () => {
  const conda: readonly (readonly [what: string, text: string, dependencies: unknown[], channels?: string[]])[] = [
    [
      'comments anywhere and no final newline',
      '# top\nname: x # n\nchannels:\n# c\n  - conda-forge\ndependencies:\n  # d\n  - python=3.11 # p',
      ['python=3.11'],
      ['conda-forge'],
    ],
    ['CRLF', 'channels:\r\n  - a\r\ndependencies:\r\n  - numpy\r\n', ['numpy'], ['a']],
    ['no channels and no name', 'dependencies: [numpy]', ['numpy'], []],
    [
      'a pip block that isn’t last',
      'dependencies:\n- pip:\n  - six\n- numpy\n',
      [{ pip: [{ type: 'requirement', text: 'six' }] }, 'numpy'],
    ],
    [
      'duplicate pip entries and blocks',
      'dependencies:\n- pip\n- pip\n- pip:\n  - a\n- pip:\n  - b\n',
      ['pip', 'pip', { pip: [{ type: 'requirement', text: 'a' }] }, { pip: [{ type: 'requirement', text: 'b' }] }],
    ],
    ['an empty pip block', 'dependencies:\n- pip:\n- numpy\n', [{ pip: [] }, 'numpy']],
    [
      'a channel in front, build strings, blanks, ~=',
      'dependencies:\n- conda-forge::numpy=1.26.4=py311h64a7726_0\n- numpy  >=1.2,  <2\n- python = 3.11\n- scipy~=1.11\n',
      ['conda-forge::numpy=1.26.4=py311h64a7726_0', 'numpy >=1.2, <2', 'python = 3.11', 'scipy~=1.11'],
    ],
    [
      'several options on a line',
      'dependencies:\n- pip:\n  - --pre --extra-index-url https://x/simple\n',
      [
        {
          pip: [
            { type: 'option', name: '--pre' },
            { type: 'option', name: '--extra-index-url', value: 'https://x/simple' },
          ],
        },
      ],
    ],
    [
      'options and files in the pip block',
      'dependencies:\n- pip:\n  - --extra-index-url https://x/simple\n  - -r r.txt\n',
      [
        {
          pip: [
            { type: 'option', name: '--extra-index-url', value: 'https://x/simple' },
            {
              type: 'include',
              file: expect.objectContaining({ path: 'r.txt' }),
              entries: [{ type: 'requirement', text: 'six' }],
            },
          ],
        },
      ],
    ],
  ];
  it.each(conda.map(([what, text, dependencies, channels]) => ({ what, text, dependencies, channels })))(
    'conda file: $what',
    async ({ text, dependencies, channels }) => {
      const { format, definition } = await read('environment.yml', text, { 'r.txt': 'six\n' });
      expect(format).toBe('conda');
      expect(definition.layer).toMatchObject({
        kind: 'conda',
        dependencies,
        ...(channels === undefined ? {} : { channels }),
      });
    },
  );

  const lines: readonly (readonly [line: string, entry: unknown])[] = [
    ['numpy>=1.2,<2   # why', { type: 'requirement', text: 'numpy>=1.2,<2' }],
    [
      'pandas[perf, excel]==2.0 ; python_version >= "3.9"',
      { type: 'requirement', text: 'pandas[perf, excel]==2.0 ; python_version >= "3.9"' },
    ],
    ['numpy \\\n  == 1.26', { type: 'requirement', text: 'numpy == 1.26' }],
    [`six --hash=sha256:${'a'.repeat(64)}`, { type: 'requirement', text: `six --hash=sha256:${'a'.repeat(64)}` }],
    ['git+https://host/x.git@main#egg=x', { type: 'requirement', text: 'git+https://host/x.git@main#egg=x' }],
    [
      'x @ https://host/x-1.0-py3-none-any.whl',
      { type: 'requirement', text: 'x @ https://host/x-1.0-py3-none-any.whl' },
    ],
    ['https://host/x-1.0.tar.gz', { type: 'requirement', text: 'https://host/x-1.0.tar.gz' }],
    ['-i https://host/simple', { type: 'option', name: '--index-url', value: 'https://host/simple' }],
    [
      '--extra-index-url=https://host/simple',
      { type: 'option', name: '--extra-index-url', value: 'https://host/simple' },
    ],
    ['-f https://host/links', { type: 'option', name: '--find-links', value: 'https://host/links' }],
    [
      '--index-url https://${USER}:${TOKEN}@host/simple',
      { type: 'option', name: '--index-url', value: 'https://${USER}:${TOKEN}@host/simple' },
    ],
    ['--pre', { type: 'option', name: '--pre' }],
    [
      '-c c.txt',
      {
        type: 'constraint',
        file: expect.objectContaining({ path: 'c.txt' }),
        entries: [{ type: 'requirement', text: 'six<2' }],
      },
    ],
    [
      './w/a-1-py3-none-any.whl',
      { type: 'local', kind: 'wheel', name: 'a', file: expect.objectContaining({ path: 'w/a-1-py3-none-any.whl' }) },
    ],
    ['-e .', { type: 'local', kind: 'project', editable: true, file: expect.objectContaining({ path: '.' }) }],
    [
      '-e ./lib[dev]',
      {
        type: 'local',
        kind: 'project',
        editable: true,
        extras: ['dev'],
        file: expect.objectContaining({ path: 'lib' }),
      },
    ],
  ];
  const around = {
    'c.txt': 'six<2',
    'w/a-1-py3-none-any.whl': 'zip',
    'pyproject.toml': '[project]',
    'lib/setup.py': 'x',
  };
  it.each(lines)('requirements line: %s', async (line, entry) => {
    const { definition } = await read('requirements.txt', `${line}\n`, around);
    expect(definition.layer).toMatchObject({ kind: 'requirements', entries: [entry] });
  });

  it('keeps versions, tags and variables as they were written', async () => {
    const { header, definition } = await read(
      'env.yml',
      'name: x\nversion: 1.10\ntags: { n: 1, b: yes, v: 2.50 }\nimage: debian:12\nenvironment_variables: { A: yes, B: 010, C: null }\n',
    );
    expect(header).toEqual({
      name: 'x',
      version: '1.10',
      description: undefined,
      tags: { n: '1', b: 'yes', v: '2.50' },
    });
    expect(definition.environmentVariables).toEqual({ A: 'yes', B: '010', C: '' });
  });

  it('reads Dockerfiles: alone as image and steps, with a context as a build', async () => {
    const text =
      '# syntax is a comment here\nFROM debian:12\n# install\nRUN apt-get update \\\n  # in between\n  && true\nENV A=1';
    expect((await read('Dockerfile', text)).definition).toMatchObject({
      image: 'debian:12',
      dockerSteps: expect.stringContaining('ENV A=1'),
    });
    const staged =
      'FROM golang:1 AS build\nRUN <<EOF\nFROM is no instruction here\nEOF\nFROM debian:12\nCOPY --from=build /x /x\n';
    expect((await read('Dockerfile', staged, { 'x.txt': '1' })).definition.build).toMatchObject({
      dockerfilePath: 'Dockerfile',
      context: { path: '.' },
    });
  });

  const mistakes: readonly (readonly [
    what: string,
    path: string,
    text: string,
    message: string,
    hint: RegExp | undefined,
  ])[] = [
    [
      'an unknown key',
      'e.yml',
      'name: x\nimagee: debian\n',
      'e.yml:2:1: unknown key `imagee` in an environment file',
      /^Did you mean `image`\? Allowed: /,
    ],
    [
      'a wrong type',
      'e.yml',
      'image: debian\ntags: [a]\n',
      'e.yml:2:7: `tags` must be a map from names to texts, not a list',
      undefined,
    ],
    [
      'image and build',
      'e.yml',
      'image: debian\nbuild: { path: . }\n',
      'e.yml:2:1: Docker image or Dockerfile should be provided not both: `image` and `build`',
      /Keep `image`/,
    ],
    [
      'a missing file',
      'e.yml',
      'conda_file: no.yml\n',
      'e.yml:1:13: the file `no.yml` does not exist',
      /relative to the file/,
    ],
    [
      'conda’s = in pip',
      'r.txt',
      'six\n  numpy=1.2\n',
      "r.txt:2:8: `numpy=1.2` is no Python requirement: a single `=` is conda's",
      /^Write `numpy==1.2`\.$/,
    ],
    [
      'a missing operator',
      'r.txt',
      'numpy 1.2\n',
      'r.txt:1:7: `numpy 1.2` has no operator before the version',
      /numpy==1.2/,
    ],
    [
      'an unknown option',
      'r.txt',
      '--extra-index https://x\n',
      'r.txt:1:1: unknown option `--extra-index`',
      /Did you mean `--extra-index-url`\?/,
    ],
    ['a file that includes itself', 'r.txt', '-r r.txt\n', 'r.txt:1:4: `r.txt` includes itself', /→/],
    [
      'a map among conda packages',
      'e.yml',
      'dependencies:\n- python: 3.11\n',
      'e.yml:2:3: `python:` cannot stand in a list of dependencies; only `pip:` can',
      /^Write `python=3.11`\.$/,
    ],
    [
      'an option among conda packages',
      'e.yml',
      'dependencies:\n- -r r.txt\n',
      'e.yml:2:3: `-r r.txt` is no conda package',
      /`pip:` block/,
    ],
    ['a duplicate key', 'e.yml', 'image: a\nimage: b\n', 'e.yml:2:1: the key `image` is there twice', /Keep one/],
    ['a tab', 'e.yml', 'conda_file:\n\tchannels: [a]\n', 'e.yml:2:1: a tab cannot be used for indentation', /blanks/],
    ['an open list', 'e.yml', 'name: [a\n', 'e.yml:2:1: a `]` is missing', /Close the `\[`/],
    ['an open map', 'e.yml', 'build: {path: .\nimage: a\n', 'e.yml:2:1: a `}` is missing', /Close the `\{`/],
    [
      'two documents',
      'e.yml',
      'image: a\n---\nimage: b\n',
      'e.yml:2:1: there is a second document (`---`) in the file',
      /file of its own/,
    ],
    ['an empty file', 'e.yml', '\n', 'e.yml:1:1: the file is empty', /at least one key/],
    [
      'FROM in steps',
      'e.yml',
      'image: debian\ndocker_steps: FROM x\n',
      'e.yml:2:15: `docker_steps` cannot have `FROM`; the base is `image`',
      /build:/,
    ],
    [
      'an instruction that is none',
      'e.yml',
      'image: debian\ndocker_steps: RUNN x\n',
      'e.yml:2:15: unknown Dockerfile instruction `RUNN`',
      /Did you mean `RUN`\?/,
    ],
    ['an image in capitals', 'e.yml', 'image: Debian\n', 'e.yml:1:8: `Debian` is no image reference', /lower case/],
    [
      'a folder that is no project',
      'r.txt',
      './lib\n',
      'r.txt:1:1: the folder `./lib` is no Python project',
      /pyproject.toml/,
    ],
  ];
  it.each<[what: string, path: string, text: string, place: string]>([
    [
      'behind a long line',
      'r.txt',
      `a==1 \\\n    --hash=sha256:${'a'.repeat(64)} \\\n    --hash=sha256:bad\n`,
      'r.txt:3:5',
    ],
    ['of a marker', 'r.txt', '  foo>=1   ;   foo  # why\n', 'r.txt:1:16'],
    ['of the second option on a line', 'r.txt', '--pre   --extra-index x\n', 'r.txt:1:9'],
    ['of its value', 'r.txt', '--pre -i ftp://x/simple\n', 'r.txt:1:10'],
    ['of a file that is not there', 'r.txt', 'six\n-r   no.txt\n', 'r.txt:2:6'],
    ['of a folder of links', 'r.txt', '--no-index -f ./wheels\n', 'r.txt:1:15'],
    ['in a list', 'e.yml', 'requirements:\n  - six\n  - "numpy 1.2"\n', 'e.yml:3:12'],
    ['in a flow list', 'e.yml', 'requirements: [six, numpy=1.2]\n', 'e.yml:1:26'],
    ['in a `pip:` block', 'e.yml', 'dependencies:\n- pip:\n  - six ~= 1  # s\n', 'e.yml:3:9'],
    ['of a relative channel', 'e.yml', 'channels: [a, ./b]\ndependencies: [a]\n', 'e.yml:1:15'],
  ])('points into the line: the place %s', async (_what, path, text, place) => {
    const found = await mistake(path, text);
    expect(found.code).toBe('INVALID_DEFINITION');
    expect(found.message.slice(0, place.length + 2)).toBe(`${place}: `);
  });

  it.each([
    ['r.txt', '', ['r.txt:1 `r.txt` names no package']],
    ['r.txt', '# numpy\n\n', ['r.txt:1 `r.txt` names no package']],
    ['r.txt', '--pre\n-r empty.txt\n', ['r.txt:1 `r.txt` names no package']],
    ['e.yml', 'requirements: empty.txt\n', ['empty.txt:1 `empty.txt` names no package']],
    ['r.txt', '-r six.txt\n', []],
    ['e.yml', 'requirements: []\n', []],
  ])('warns of a requirements file that asks for nothing: %s %j', async (path, text, expected) => {
    const { warnings } = await read(path, text, { 'empty.txt': '\n', 'six.txt': 'six\n' });
    expect(warnings.map(({ position, message }) => `${position.file}:${position.line} ${message}`)).toEqual(expected);
  });

  it.each<[line: string, message: string]>([
    ['-e ./lib#egg=lib', 'editable requirements are not allowed as constraints: `-e ./lib`'],
    ['-e git+https://x/y#egg=y', 'editable requirements are not allowed as constraints: `-e git+https://x/y#egg=y`'],
    ['a[b,c]==1', 'constraints cannot have extras: `a[b,c]`'],
    ['a[b] @ ./lib', 'constraints cannot have extras: `a[b]`'],
    ['https://x/a.zip', 'unnamed requirements are not allowed as constraints: `https://x/a.zip`'],
    ['./lib', 'unnamed requirements are not allowed as constraints: `./lib`'],
  ])('refuses as a constraint, as pip does: %s', async (line, message) => {
    const around = { 'lib/setup.py': '', 'c.txt': `six<2\n${line}\n`, 'n.txt': '-r c.txt\n' };
    for (const file of ['c.txt', 'n.txt']) {
      const found = await mistake('r.txt', `-c ${file}\nsix\n`, around);
      expect(found.message).toBe(`c.txt:2:1: ${message}`);
    }
    // It may stand among requirements.
    expect((await read('r.txt', `-r c.txt\n`, around)).format).toBe('requirements');
  });

  it('lets constraints name indexes, versions and addresses with a name', async () => {
    const constraints =
      '--index-url https://x/simple\nsix<2\na @ https://x/a.zip\nb @ git+https://x/b\n./c-1-py3-none-any.whl\n';
    const { definition } = await read('r.txt', '-c c.txt\n', { 'c.txt': constraints, 'c-1-py3-none-any.whl': '' });
    expect(definition.layer).toMatchObject({ entries: [{ type: 'constraint', entries: { length: 5 } }] });
  });

  it.each(mistakes)('names %s', async (_what, path, text, message, hint) => {
    const found = await mistake(path, text, { 'lib/x.py': '' });
    expect(found.code).toBe('INVALID_DEFINITION');
    expect(found.message).toBe(message);
    if (hint === undefined) expect(found.hint).toBeUndefined();
    else expect(found.hint).toMatch(hint);
    expect(found.hint ?? '').not.toContain('creation_context');
  });

  it('knows a conda file by misspelt keys', async () => {
    const found = await mistake('env.yml', 'name: x\nchannel: [a]\ndependency: [numpy]\n');
    expect(found.message).toMatch(
      /^env\.yml:2:1: unknown key `channel` in a conda file\n {2}hint: Did you mean `channels`\?.*\nenv\.yml:3:1: .*\n {2}hint: Did you mean `dependencies`\?/,
    );
    // Nobody would know whose it is.
    expect(found.hint).toBeUndefined();
  });

  const foreign: readonly (readonly [path: string, text: string, what: RegExp])[] = [
    ['pyproject.toml', '[project]\nname = "x"\n', /a Python project/],
    ['uv.lock', 'version = 1\n', /uv’s lock file/],
    ['pixi.lock', 'version: 6\n', /a pixi project/],
    ['meta.yaml', 'package: { name: x }\n', /a conda package’s recipe/],
    ['compose.yml', 'services: {}\n', /a docker-compose file/],
    ['job.yml', 'command: python x.py\nenvironment: azureml:x:1\n', /a job file/],
    ['page.yml', '<!DOCTYPE html><html></html>', /a page of HTML/],
    ['r.txt', 'Package    Version\n---------- -------\nnumpy      1.26.4\n', /what `pip list` prints/],
    ['r.txt', '# packages in environment at /opt/conda:\n#\n# Name  Version\nx 1 0 c\n', /what `conda list` prints/],
    [
      'r.txt',
      '# This file may be used to create an environment using:\r\n_libgcc_mutex=0.1=main\r\nnumpy=1.26.4=py311_0',
      /what `conda list --export` prints/,
    ],
    ['r.txt', 'name: x\ndependencies:\n - numpy\n', /a conda file with another ending/],
    ['t.yml', 'image: {{ image }}\n', /the file is a template: `\{\{ image \}\}`/],
    ['t.txt', 'numpy=={% version %}\n', /the file is a template/],
  ];
  it.each(foreign)('does not take %s for a definition', async (path, text, what) => {
    const found = await mistake(path, text);
    expect(found.code).toBe('UNSUPPORTED_FORMAT');
    expect(found.message).toMatch(what);
    expect(found.hint).toBeTruthy();
  });
});
