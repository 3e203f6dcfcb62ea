import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../test/kit/memory-files.ts';
import { type CloneChanges, editSources } from './edit.ts';
import { type ReadResult, readDefinition } from './index.ts';

type Files = Readonly<Record<string, string>>;

async function read(path: string, text: string, files: Files = {}): Promise<ReadResult> {
  return await readDefinition({ path, text }, memoryFiles({ ...files, [path]: text }));
}

/** The texts after the changes, and what they define. */
async function edit(path: string, text: string, changes: CloneChanges, files: Files = {}) {
  const before = await read(path, text, files);
  const sources = editSources(before, changes);
  const [main] = sources;
  if (main === undefined) throw new Error('there is no main file');
  const all = { ...files, ...Object.fromEntries(sources.map((source) => [source.path, source.text])) };
  const after = await readDefinition(main, memoryFiles(all));
  return { texts: Object.fromEntries(sources.map((source) => [source.path, source.text])), after };
}

/** Every requirement and specification, in order. */
function packagesOf({ definition: { layer } }: ReadResult): string[] {
  if (layer === undefined) return [];
  const entries = layer.kind === 'requirements' ? [{ pip: layer.entries }] : layer.dependencies;
  return entries.flatMap((item) =>
    typeof item === 'string'
      ? [item]
      : item.pip.flatMap((entry) => (entry.type === 'requirement' ? [`pip:${entry.text}`] : [])),
  );
}

const conda = `# our environment
name: x   # n
channels: [conda-forge]
dependencies:
  # the interpreter
  - python=3.11  # pinned

  - "numpy>=1.26"
  - pip
  - pip:
      # from the index
      - six==1.16   # old
      - 'requests>=2'
`;

describe('editing a conda file', () => {
  it.each<[string, CloneChanges, [from: string, to: string]]>([
    ['a conda package goes behind the last one', { add: ['scipy=1.11'] }, ['  - pip\n', '  - pip\n  - scipy=1.11\n']],
    [
      'a pip package goes behind the last one',
      { add: ['pip:rich'] },
      ["'requests>=2'\n", "'requests>=2'\n      - rich\n"],
    ],
    ['what is there is replaced, quotes and comment stay', { add: ['numpy=2.0'] }, ['"numpy>=1.26"', '"numpy=2.0"']],
    ['so is a pip package', { add: ['pip:six==1.17'] }, ['six==1.16 ', 'six==1.17 ']],
    ['a package goes with its line', { remove: ['numpy'] }, ['  - "numpy>=1.26"\n', '']],
    ['and its comment on that line', { remove: ['six'] }, ['      - six==1.16   # old\n', '']],
    ['another spelling of the name', { remove: ['Requests'] }, ["      - 'requests>=2'\n", '']],
    [
      'what begins with an operator or holds a colon is quoted',
      { add: ['pip:a @ https://x/y.whl'] },
      ["'requests>=2'\n", '\'requests>=2\'\n      - "a @ https://x/y.whl"\n'],
    ],
    [
      'markers are quoted',
      { add: ['pip:a; os_name=="nt"'] },
      ["'requests>=2'\n", '\'requests>=2\'\n      - "a; os_name==\\"nt\\""\n'],
    ],
  ])('%s', async (_title, changes, [from, to]) => {
    for (const lineBreak of ['\n', '\r\n']) {
      const text = conda.replaceAll('\n', lineBreak);
      const expected = conda.replace(from, () => to).replaceAll('\n', lineBreak);
      expect((await edit('conda.yml', text, changes)).texts['conda.yml']).toBe(expected);
    }
  });
});

describe('a pip block that is not there yet', () => {
  it.each<[string, CloneChanges, string]>([
    [
      'dependencies:\n  - numpy # n\n',
      { add: ['pip:six', 'pip:a @ https://x/y'] },
      'dependencies:\n  - numpy # n\n  - pip\n  - pip:\n      - six\n      - "a @ https://x/y"\n',
    ],
    [
      'dependencies:\n- pip\n- numpy\n',
      { add: ['pip:six'], remove: ['numpy'] },
      'dependencies:\n- pip\n- pip:\n    - six\n',
    ],
    [
      'name: x\r\ndependencies:\r\n- numpy',
      { add: ['pip:six'] },
      'name: x\r\ndependencies:\r\n- numpy\r\n- pip\r\n- pip:\r\n    - six',
    ],
    [
      'dependencies: [numpy, pip]\n',
      { add: ['pip:six', 'pip:a>1,<2'] },
      'dependencies: [numpy, pip, {pip: [six, "a>1,<2"]}]\n',
    ],
  ])('%j %j', async (text, changes, expected) => {
    expect((await edit('conda.yml', text, changes)).texts['conda.yml']).toBe(expected);
  });
});

describe('editing in flow style', () => {
  it.each<[string, CloneChanges, string]>([
    [
      'dependencies: [python=3.11, numpy, scipy] # c\n',
      { remove: ['numpy'] },
      'dependencies: [python=3.11, scipy] # c\n',
    ],
    ['dependencies: [python=3.11, numpy]\n', { remove: ['numpy'] }, 'dependencies: [python=3.11]\n'],
    ['dependencies: [ numpy ,python=3.11]\n', { remove: ['numpy'] }, 'dependencies: [ python=3.11]\n'],
    ['dependencies: [python=3.11]\n', { add: ['numpy=1.26'] }, 'dependencies: [python=3.11, numpy=1.26]\n'],
    ['dependencies: [python=3.11]', { add: ['numpy>=1,<2'] }, 'dependencies: [python=3.11, "numpy>=1,<2"]'],
    [
      'dependencies:\n  [\n    python=3.11,\n    numpy,\n  ]\n',
      { remove: ['numpy'] },
      'dependencies:\n  [\n    python=3.11,\n  ]\n',
    ],
    [
      'dependencies:\n  [\n    python=3.11,\n    numpy\n  ]\n',
      { add: ['six'] },
      'dependencies:\n  [\n    python=3.11,\n    numpy, six\n  ]\n',
    ],
    [
      'dependencies:\n  [\n    python=3.11,\n    numpy,\n  ]\n',
      { add: ['six'] },
      'dependencies:\n  [\n    python=3.11,\n    numpy, six,\n  ]\n',
    ],
  ])('%j %j', async (text, changes, expected) => {
    const { texts, after } = await edit('conda.yml', text, changes);
    expect(texts['conda.yml']).toBe(expected);
    expect(packagesOf(after)[0]).toBe('python=3.11');
  });
});

describe('editing requirements', () => {
  it.each<[string, CloneChanges, string]>([
    ['numpy\n# c\nscipy  # d\n', { remove: ['numpy'] }, '# c\nscipy  # d\n'],
    ['numpy\nscipy', { add: ['six>=1'] }, 'numpy\nscipy\nsix>=1'],
    ['numpy\r\n', { add: ['six'] }, 'numpy\r\nsix\r\n'],
    [`numpy==1.0 \\\n    --hash=sha256:${'ab'.repeat(32)}\nscipy\n`, { remove: ['numpy'] }, 'scipy\n'],
    [`numpy==1.0 \\\n    --hash=sha256:${'ab'.repeat(32)}\nscipy\n`, { add: ['numpy==2'] }, 'numpy==2\nscipy\n'],
    ['--pre --index-url https://x/simple\n', { add: ['six'] }, '--pre --index-url https://x/simple\nsix\n'],
    ['  numpy\n', { add: ['six'] }, '  numpy\n  six\n'],
    ['', { add: ['six'] }, 'six\n'],
    ['# nothing yet', { add: ['six'] }, '# nothing yet\nsix\n'],
    ['Foo.Bar==1\n', { add: ['foo-bar==2'] }, 'foo-bar==2\n'],
    ['a ; os_name=="nt"\n', { remove: ['a'] }, ''],
  ])('%j %j', async (text, changes, expected) => {
    const { texts } = await edit('requirements.txt', text, changes);
    expect(texts['requirements.txt']).toBe(expected);
  });

  it('that an environment file lists', async () => {
    const text = 'requirements:\n- numpy # n\n- scipy\ndescription: d\n';
    const { texts } = await edit('env.yml', text, { add: ['six; os_name=="nt"'], remove: ['numpy'] });
    expect(texts['env.yml']).toBe('requirements:\n- scipy\n- "six; os_name==\\"nt\\""\ndescription: d\n');
  });

  it('that an environment file lists, down to none: the Python layer stays', async () => {
    const { texts, after } = await edit('env.yml', 'requirements: # r\n- numpy\ntags: {}\n', { remove: ['numpy'] });
    expect(texts['env.yml']).toBe('requirements: [] # r\ntags: {}\n');
    expect(after.definition.layer).toEqual({ kind: 'requirements', entries: [] });
  });

  it('in the file that names them', async () => {
    const files = { 'r.txt': 'numpy\n-r more.txt\n', 'more.txt': 'six==1\n# c\n' };
    const { texts } = await edit(
      'env.yml',
      'requirements: r.txt\n',
      { add: ['six==2', 'rich'], remove: ['numpy'] },
      files,
    );
    expect(texts).toEqual({
      'env.yml': 'requirements: r.txt\n',
      'r.txt': '-r more.txt\nrich\n',
      'more.txt': 'six==2\n# c\n',
    });
  });
});

describe('local projects and archives', () => {
  const projects = {
    'a/setup.py':
      '#!/usr/bin/env python\nfrom setuptools import setup\nsetup(\n  # name="old"\n  name="my_lib", version="1")\n',
    'b/setup.cfg': '[options]\nname = no\n\n[metadata]\r\nversion = 1\r\nname = Other.Lib\r\n',
    'b/setup.py': 'from setuptools import setup\nsetup()\n',
    'c/pyproject.toml': '[project]\nname = "third"\nversion = "1"\n',
    'd/pyproject.toml': '[build-system]\nrequires = ["setuptools"]\n[tool.poetry]\nname = "fourth"\n',
    'sources/grape-press-1.0.tar.gz': 'x',
  };
  const lines = ['-e ./a', './b', '-e ./c[fast]', './d', './sources/grape-press-1.0.tar.gz'];
  it.each([
    ['my-lib', '-e ./a'],
    ['other_lib', './b'],
    ['third', '-e ./c[fast]'],
    ['fourth', './d'],
    ['grape-press', './sources/grape-press-1.0.tar.gz'],
  ])('%s is removed by the name that its own files give it', async (name, line) => {
    const { texts } = await edit('requirements.txt', `${lines.join('\n')}\n`, { remove: [name] }, projects);
    expect(texts['requirements.txt']).toBe(`${lines.filter((each) => each !== line).join('\n')}\n`);
  });

  it('do not move a fingerprint by being known by name', async () => {
    const { definition } = await read('requirements.txt', './a\n', projects);
    expect(definition.layer).toMatchObject({ entries: [{ type: 'local', name: undefined }] });
  });
});

describe('image and Python', () => {
  it.each<[string, string, CloneChanges, Files]>([
    [
      'env.yml',
      'image: a:1 # base\nconda_file:\n  dependencies: [numpy]\n',
      { image: 'b:2' },
      { 'env.yml': 'image: b:2 # base\nconda_file:\n  dependencies: [numpy]\n' },
    ],
    [
      'env.yml',
      'description: uses a:1\nimage: "a:1"\n',
      { image: 'b:2' },
      { 'env.yml': 'description: uses a:1\nimage: "b:2"\n' },
    ],
    ['env.yml', 'requirements: [numpy]', { image: 'b:2' }, { 'env.yml': 'requirements: [numpy]\nimage: b:2\n' }],
    [
      'env.yml',
      'requirements: [numpy]\npython: {version: "3.10"} # p\n',
      { python: '3.12' },
      { 'env.yml': 'requirements: [numpy]\npython: {version: "3.12"} # p\n' },
    ],
    [
      'env.yml',
      "tags: {version: '3.10'}\npython:\n  # which\n  version: 3.10\n",
      { python: '3.12' },
      { 'env.yml': 'tags: {version: \'3.10\'}\npython:\n  # which\n  version: "3.12"\n' },
    ],
    [
      'env.yml',
      'python: {user_managed: true}\n',
      { python: '3.12' },
      { 'env.yml': 'python: {version: "3.12", user_managed: true}\n' },
    ],
    [
      'env.yml',
      'python:\n  user_managed: true # u\nimage: a\n',
      { python: '3.12' },
      { 'env.yml': 'python:\n  version: "3.12"\n  user_managed: true # u\nimage: a\n' },
    ],
    [
      'requirements.txt',
      'numpy\n',
      { python: '3.12' },
      {
        'environment.yml': 'python: { version: "3.12" }\nrequirements: requirements.txt\n',
        'requirements.txt': 'numpy\n',
      },
    ],
    ['Dockerfile', '# base\nFROM a:1\nRUN x\n', { image: 'b:2' }, { Dockerfile: '# base\nFROM b:2\nRUN x\n' }],
  ])('%s %j %j', async (path, text, changes, expected) => {
    const { texts, after } = await edit(path, text, changes);
    expect(texts).toEqual(expected);
    if (changes.python !== undefined) expect(after.definition.python.version).toBe(changes.python);
  });
});

describe('several changes at once', () => {
  it('do not disturb one another', async () => {
    const text = 'description: a:1 and numpy\nimage: a:1\nrequirements:\n- numpy\n- six\n';
    const changes = { image: 'longer.example/b:2', python: '3.12', remove: ['numpy'], add: ['rich', 'six==1'] };
    const { texts } = await edit('env.yml', text, changes);
    expect(texts['env.yml']).toBe(
      'description: a:1 and numpy\nimage: longer.example/b:2\nrequirements:\n- six==1\n- rich\npython: { version: "3.12" }\n',
    );
  });

  it.each<[string, string, CloneChanges, string]>([
    ['requirements.txt', 'numpy\nsix # s\n', { remove: ['six'], add: ['rich', 'attrs'] }, 'numpy\nrich\nattrs\n'],
    ['requirements.txt', 'six # s\n', { remove: ['six'], add: ['rich', 'attrs'] }, 'rich # s\nattrs\n'],
    ['requirements.txt', 'six==1\n', { remove: ['six'], add: ['six==2'] }, 'six==2\n'],
    [
      'env.yml',
      'requirements: [numpy, six]\n',
      { remove: ['six', 'numpy'], add: ['a', 'b'] },
      'requirements: [a, b]\n',
    ],
    [
      'conda.yml',
      'dependencies:\n- pip:\n  - six\n',
      { remove: ['six'], add: ['pip:rich'] },
      'dependencies:\n- pip:\n  - rich\n',
    ],
  ])('where all of a list goes, or its end: %s %j %j', async (path, text, changes, expected) => {
    expect((await edit(path, text, changes)).texts[path]).toBe(expected);
  });

  it('wrap a bare file once', async () => {
    const { texts } = await edit('environment.yml', 'dependencies: [numpy]\n', { image: 'b:2', python: '3.12' });
    expect(texts).toEqual({
      'definition.yml': 'image: b:2\npython: { version: "3.12" }\nconda_file: environment.yml\n',
      'environment.yml': 'dependencies: [numpy]\n',
    });
    const piped = await edit('-', 'numpy\n', { image: 'b:2' });
    expect(piped.texts).toEqual({
      'environment.yml': 'image: b:2\nrequirements: requirements.txt\n',
      'requirements.txt': 'numpy\n',
    });
  });

  it('go to a file with an odd name, too', async () => {
    const { texts } = await edit(
      'env.yml',
      'requirements: deps\n',
      { add: ['six>=1,<2; os_name=="nt"', 'rich>=9'] },
      { deps: 'rich\n' },
    );
    expect(texts.deps).toBe('rich>=9\nsix>=1,<2; os_name=="nt"\n');
  });
});

describe('what cannot be edited', () => {
  it.each<[string, string, CloneChanges, string]>([
    ['conda.yml', conda, { remove: ['nunpy'] }, '`nunpy` is not in the definition'],
    ['conda.yml', conda, { add: ['numpy==='] }, 'is no conda specification'],
    ['conda.yml', conda, { add: ['pip:a=1'] }, 'is no Python requirement'],
    ['conda.yml', conda, { add: ['numpy>=1 <2'] }, 'bounds are joined by a comma'],
    ['env.yml', 'image: a\n', { add: ['numpy'] }, 'has no Python layer'],
    ['Dockerfile', 'FROM a\n', { python: '3.12' }, 'a Dockerfile has no `python` to set'],
  ])('%s: %j %j', async (path, text, changes, message) => {
    await expect(edit(path, text, changes)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('whatever the file looks like', () => {
  const names = ['numpy', 'scipy', 'six', 'rich', 'attrs'];
  const quote = fc.constantFrom('', '"', "'");
  const comment = fc.constantFrom('', '  # why', ' # a: b', ' #- x');
  const between = fc.constantFrom('', '\n', '  # between\n', '# left\n\n');
  const item = fc.record({ quote, comment, between, version: fc.constantFrom('', '==1.0', '>=1,<2') });
  const file = fc.record({
    items: fc.array(item, { minLength: names.length, maxLength: names.length }),
    indent: fc.constantFrom('', '  ', '    '),
    lineBreak: fc.constantFrom('\n', '\r\n'),
    final: fc.boolean(),
    tail: fc.constantFrom('', 'description: d # end\n', '\n# the end\n'),
  });
  const change = fc.record({
    remove: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }),
    add: fc.uniqueArray(fc.constantFrom('rich==3', 'new>=1,<2', 'other', 'a-b[x]==1 ; os_name == "nt"'), {
      maxLength: 2,
    }),
  });

  it('only what was named changes; comments and every other line stay', async () => {
    await fc.assert(
      fc.asyncProperty(file, change, async ({ items, indent, lineBreak, final, tail }, { remove, add }) => {
        fc.pre(!(remove.includes('rich') && add.includes('rich==3')));
        const lines = items.map(
          ({ quote: q, comment: c, between: b, version }, index) =>
            `${b}${indent}- ${q}${names[index]}${version}${q}${c}\n`,
        );
        const whole = `# top\nrequirements:\n${lines.join('')}${tail}`;
        const text = (final ? whole : whole.replace(/\n$/, '')).replaceAll('\n', lineBreak);
        const { texts, after } = await edit('env.yml', text, { remove, add });
        const expected = items
          .map(({ version }, index) => `${names[index]}${version}`)
          .filter((_, index) => !remove.includes(names[index] ?? ''))
          .map((each) => (add.includes('rich==3') && each.startsWith('rich') ? 'rich==3' : each));
        const added = add.filter((each) => each !== 'rich==3');
        expect(packagesOf(after)).toEqual([...expected, ...added].map((each) => `pip:${each}`));
        const touched = [...remove, ...(add.includes('rich==3') ? ['rich'] : [])];
        const kept = text
          .split(lineBreak)
          .filter((line) => line !== '' && !touched.some((name) => line.includes(name)));
        const found = (texts['env.yml'] ?? '').split(lineBreak);
        expect(found.filter((line) => kept.includes(line))).toEqual(kept);
        expect(texts['env.yml']?.replaceAll('\r\n', '').includes('\r')).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
