import { existsSync } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Interpreter } from '../../../src/io/index.ts';
import type { CondaContent, CondaPackageOptions } from '../conda-package.ts';
import { type PackedFiles, withPrefix } from './packed-file.ts';
import { placeholder } from './placeholder.ts';

/** The subdir of this machine, for packages with machine code. */
export const nativeSubdir =
  process.platform === 'darwin'
    ? `osx-${process.arch === 'arm64' ? 'arm64' : '64'}`
    : `linux-${process.arch === 'arm64' ? 'aarch64' : '64'}`;

/** "311" */
export function minorDigits(python: Interpreter): string {
  return python.minor.replace('.', '');
}

/**
 * A real CPython of this machine as a conda package: it finds its standard library from its own place, so that it runs wherever it is put. What it
 * was built for is replaced by the placeholder.
 */
export async function packPython(python: Interpreter): Promise<CondaPackageOptions> {
  const { minor, version, home } = python;
  const library = `lib/python${minor}`;
  const prefix = dirname(home);
  const files = await readTree(join(prefix, library), library);
  for (const [path, content] of Object.entries(files)) files[path] = relocatable(path, content, prefix);
  return {
    name: 'python',
    version,
    build: 'h0a1b2c3_0_cpython',
    subdir: nativeSubdir,
    depends: [...(process.platform === 'linux' ? ['__glibc >=2.17,<3.0.a0'] : []), 'tzdata'],
    constrains: [`python_abi ${minor}.* *_cp${minorDigits(python)}`],
    license: 'Python-2.0',
    index: { python_site_packages_path: `${library}/site-packages` },
    files: {
      [`bin/python${minor}`]: { content: await readProgram(python.executable, prefix), executable: true },
      ...(await sharedLibrary(prefix, minor)),
      'bin/python': { target: `python${minor}` },
      'bin/python3': { target: `python${minor}` },
      ...files,
      ...(isDebians(files[`${library}/site.py`]) ? siteCustomisation(library) : {}),
      [`${library}/site-packages/README.txt`]: 'Third-party packages.\n',
    },
  };
}

/** Finds its shared library beside itself, wherever that is, and not where it was built for. */
async function readProgram(executable: string, prefix: string): Promise<Buffer> {
  const program = await readFile(executable);
  const built = `${prefix}/lib\0`;
  const at = program.indexOf(built);
  const own = '$ORIGIN/../lib';
  if (at !== -1 && own.length < built.length) program.fill(0, at, at + built.length).write(own, at);
  return program;
}

/** Of a Python that was built with one. */
async function sharedLibrary(prefix: string, minor: string): Promise<PackedFiles> {
  const name = `lib/libpython${minor}.so.1.0`;
  const path = join(prefix, name);
  return existsSync(path) ? { [name]: { content: await readFile(path), executable: true } } : {};
}

/** Other packages, caches, tests, static libraries: what an environment does without. */
const leftOut = new Set([
  '__pycache__',
  'site-packages',
  'dist-packages',
  'test',
  'tests',
  'idlelib',
  'turtledemo',
  'lib2to3',
  'tkinter',
]);

async function readTree(folder: string, below: string): Promise<PackedFiles> {
  const files: PackedFiles = {};
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = `${below}/${entry.name}`;
    const from = join(folder, entry.name);
    if (leftOut.has(entry.name) || /\.(?:a|o|exe|so\.1.*)$|^sitecustomize\.py$/.test(entry.name)) continue;
    if (entry.isDirectory()) Object.assign(files, await readTree(from, path));
    else if (entry.isSymbolicLink()) {
      const target = await readlink(from);
      if (target === basename(target) && existsSync(from)) files[path] = { target };
    } else if (entry.isFile()) {
      files[path] = { content: await readFile(from), executable: ((await stat(from)).mode & 0o100) !== 0 };
    }
  }
  return files;
}

function relocatable(path: string, file: CondaContent, prefix: string): CondaContent {
  if (path.endsWith('/sysconfig.py')) return textOf(file).replaceAll("= 'posix_local'", "= 'posix_prefix'");
  if (!/\/(?:_sysconfigdata[^/]*\.py|Makefile)$/.test(path)) return file;
  const text = textOf(file);
  const quoted = prefix.replaceAll('.', '\\.');
  const replaced = text.replaceAll(new RegExp(`${quoted}(?=[/'" ]|$)`, 'gm'), placeholder);
  return replaced === text ? file : withPrefix(replaced, 'text');
}

function isDebians(file: CondaContent | undefined): boolean {
  return file !== undefined && textOf(file).includes('"dist-packages"');
}

/** Debian's Python looks for packages in folders of its own, and has that frozen in; as everywhere else, they shall be in `site-packages`. */
function siteCustomisation(library: string): PackedFiles {
  const text = `import site, sys\n\nsite.addsitedir(sys.prefix + "/${library}/site-packages")\n`;
  return { [`${library}/sitecustomize.py`]: text };
}

/** Of a link: nothing. */
function textOf(file: CondaContent): string {
  const content = typeof file === 'string' || file instanceof Uint8Array ? file : (file.content ?? '');
  return Buffer.from(content as string).toString('utf8');
}
