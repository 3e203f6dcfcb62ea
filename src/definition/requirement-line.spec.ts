import { describe, expect, it } from 'vitest';
import {
  type RequirementLine,
  readRequirementLine,
  splitOptions,
  splitRequirementOptions,
} from './requirement-line.ts';

const requirement = (text: string, editable = false): RequirementLine => ({ type: 'requirement', text, editable });
const path = (where: string, more: Partial<Extract<RequirementLine, { type: 'path' }>> = {}): RequirementLine => ({
  type: 'path',
  path: where,
  editable: false,
  extras: [],
  name: undefined,
  marker: undefined,
  ...more,
});
const option = (name: string, value?: string): RequirementLine =>
  value === undefined ? { type: 'option', name } : { type: 'option', name, value };

const hash = 'ab'.repeat(32);

describe('a line of a requirements file', () => {
  it.each<[string, RequirementLine]>([
    ['numpy', requirement('numpy')],
    ['numpy == 1.0  ;  python_version<"3"', requirement('numpy == 1.0 ; python_version<"3"')],
    ['numpy>=1,<2,', requirement('numpy>=1,<2,')],
    ['a @ https://x/y.whl ; os_name=="nt"', requirement('a @ https://x/y.whl ; os_name=="nt"')],
    ['https://x/a.whl', requirement('https://x/a.whl')],
    ['git+ssh://git@x/y.git@v1', requirement('git+ssh://git@x/y.git@v1')],
    ['-e git+https://x/y.git#egg=y', requirement('git+https://x/y.git#egg=y', true)],
    [
      `a==1 --hash=sha256:${hash} --hash=sha256:${hash}`,
      requirement(`a==1 --hash=sha256:${hash} --hash=sha256:${hash}`),
    ],
    ['a==1 --config-settings="b=c"', requirement('a==1 --config-settings="b=c"')],
    ['-r base.txt', { type: 'include', path: 'base.txt' }],
    ['-rbase.txt', { type: 'include', path: 'base.txt' }],
    ['--requirement=base.txt', { type: 'include', path: 'base.txt' }],
    ['-r "my file.txt"', { type: 'include', path: 'my file.txt' }],
    ['-r file:///a/r.txt', { type: 'include', path: '/a/r.txt' }],
    ['-c c.txt', { type: 'constraint', path: 'c.txt' }],
    ['-ihttps://x', option('--index-url', 'https://x')],
    ['--index-url=https://x', option('--index-url', 'https://x')],
    ['--extra-index-url https://${TOKEN}@x', option('--extra-index-url', 'https://${TOKEN}@x')],
    ['-f ./w', option('--find-links', './w')],
    ['--pre', option('--pre')],
    ['-i /srv/simple', option('--index-url', '/srv/simple')],
    ['-i ${INDEX}', option('--index-url', '${INDEX}')],
    ['git+http://x/y', requirement('git+http://x/y')],
    ['https://github.com/a/b/archive/main.zip', requirement('https://github.com/a/b/archive/main.zip')],
    ['.', path('.')],
    ['-e .[dev, test]', path('.', { editable: true, extras: ['dev', 'test'] })],
    ['-e "./my lib"', path('./my lib', { editable: true })],
    ['-e ./lib#egg=lib', path('./lib', { editable: true, name: 'lib' })],
    ['a-1.0-py3-none-any.whl', path('a-1.0-py3-none-any.whl', { name: 'a' })],
    ['./a.whl; python_version<"3"', path('./a.whl', { marker: 'python_version<"3"' })],
    ['a.tar.gz[x]', path('a.tar.gz', { extras: ['x'] })],
    ['a[b] @ file:///x%20y/a.whl', path('/x y/a.whl', { name: 'a', extras: ['b'] })],
    ['a @ ./x', path('./x', { name: 'a' })],
  ])('%s', (line, expected) => {
    expect(readRequirementLine(line)).toEqual(expected);
  });

  it.each<[string, string, string | undefined]>([
    ['-r', '`-r` names no file', undefined],
    ['-e', '`-e` names nothing', 'Write the folder or URL after it: `-e .`.'],
    ['-r https://x/r.txt', 'a file on a server can change', 'Download it'],
    ['--index-url', '`--index-url` needs a value', undefined],
    ['--index-ur x', 'unknown option `--index-ur`', 'Did you mean `--index-url`?'],
    ['--no-index yes', '`--no-index` takes no value, found `yes`', undefined],
    ['C:\\a.whl', '`C:\\a.whl` is a Windows path', 'Write it with `/`'],
    ['numpy=1.0', "a single `=` is conda's", 'Write `numpy==1.0`.'],
    ['numpy 1.0', 'has no operator before the version', 'Write `numpy==1.0`.'],
    ['conda-forge::numpy', 'names a conda channel', 'Move it'],
    ['{{ x }}', 'still has a placeholder', 'Fill the template'],
    ['numpy --pre', '`--pre` cannot follow a requirement', 'on lines of their own'],
    ['a~=1', '`~=` needs two numbers at least', 'Write `~=1.0`.'],
    ['a>=1.0+cu118', 'a local version (`+…`) cannot follow `>=`', 'Leave it out'],
    ['a ; foo=="b"', '`foo=="b"` is no environment marker', 'Write it like `python_version'],
    ['numpy; scipy', '`scipy` is no environment marker', 'Write it like `python_version'],
    ['https://x/a.whl ; foo', '`foo` is no environment marker', 'Write it like `python_version'],
    ['./a.whl ; foo', '`foo` is no environment marker', 'Write it like `python_version'],
    ['a @ https://x/y.whl; os_name=="nt"', 'the `;` counts as a part of the address', 'Put a blank before it.'],
    ['numpy\u200b==1', 'holds a character that cannot be seen (U+200B)', 'Type the line anew'],
    ['numpy,scipy', '`numpy,scipy` is no Python requirement', 'Write it like'],
    ['--use-pep517', 'unknown option `--use-pep517`', 'Allowed: '],
    ['numpy=>1', '`numpy=>1` is no Python requirement', 'Write `numpy>=1`.'],
    ['numpy =< 1.0', 'is no Python requirement', 'Write `numpy <=1.0`.'],
    ['pandas>=“1.0”', 'is no Python requirement', 'Write `pandas>=1.0`.'],
    ['"pandas==1"', 'is no Python requirement', 'Write `pandas==1`.'],
    ['requests≥2', 'is no Python requirement', 'Write `requests>=2`.'],
    ['scikit‑learn', 'is no Python requirement', 'Write `scikit-learn`.'],
    ['git@x.org:a/b.git', '`git@x.org:a/b.git` is an address for git', 'Write `git+ssh://git@x.org/a/b.git`.'],
    ['-e git@x.org:a/b.git@v1', 'is an address for git', 'Write `git+ssh://git@x.org/a/b.git@v1`.'],
    ['b @ git@x.org:a/b.git', 'is an address for git', 'Write `git+ssh://git@x.org/a/b.git`.'],
    ['https://github.com/a/b', 'is a repository, not an archive', 'Write `git+https://github.com/a/b`.'],
    ['b @ https://x.org/a/b.git', 'is a repository, not an archive', 'Write `git+https://x.org/a/b.git`.'],
    ['github.com/a/b', 'is a repository, not an archive', 'Write `git+https://github.com/a/b`.'],
    ['git+git://x/y', '`git+git://x/y` cannot be fetched', 'Write `git+https://…`, `git+ssh://…` or `git+file://…`.'],
    ['-e hg+https://x/y', '`hg+https://x/y` cannot be fetched', 'Only git repositories are read;'],
    ['a @ ftp://x/a.whl', '`ftp://x/a.whl` cannot be fetched', 'Write `https://…`, or put the file beside'],
    ['-i ftp://x/simple', '`--index-url ftp://x/simple` names no index', 'Write `https://…`'],
    ['--extra-index-url not a url', 'names no index', 'Write `https://…`'],
    ['a @', '`a @` is no Python requirement', 'Write it like'],
    ['a==1 --hash=sha256:abc', '`--hash=sha256:abc` of `a==1` is no SHA-256 digest', '`pip hash FILE`'],
    [`a==1 --hash=${hash}`, 'is no SHA-256 digest', '`pip hash FILE`'],
    [`a==1 --hash=md5:${'a'.repeat(32)}`, 'is no SHA-256 digest', '`pip hash FILE`'],
    ['./a.whl --hash=sha256:x', 'is no SHA-256 digest', '`pip hash FILE`'],
  ])('that is wrong is explained: %s', (line, message, hint) => {
    const { about: _where, ...found } = { about: '', ...readRequirementLine(line) };
    expect(found).toEqual({
      type: 'problem',
      message: expect.stringContaining(message) as string,
      hint: hint === undefined ? undefined : (expect.stringContaining(hint) as string),
    });
  });

  it.each<[string, string[]]>([
    ['--index-url https://x --extra-index-url https://y', ['--index-url https://x', '--extra-index-url https://y']],
    ['--pre -f ./w', ['--pre', '-f ./w']],
    ['-i https://x/my-index  -r b.txt', ['-i https://x/my-index', '-r b.txt']],
    ['--find-links /my --dashed', ['--find-links /my', '--dashed']],
    ['-e . --config-settings=a=b', ['-e . --config-settings=a=b']],
    ['numpy==1 --hash=sha256:ab', ['numpy==1 --hash=sha256:ab']],
    ['--pre', ['--pre']],
  ])('may hold several options: %s', (line, expected) => {
    expect(splitOptions(line)).toEqual(expected);
  });

  it('has options of its own behind it', () => {
    expect(splitRequirementOptions('a ==1 --hash=sha256:ab --config-settings="x --y"')).toEqual({
      requirement: 'a ==1',
      options: ['--hash=sha256:ab', '--config-settings="x --y"'],
    });
  });
});
