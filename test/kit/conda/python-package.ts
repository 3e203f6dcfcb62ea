import { existsSync } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Interpreter } from '../../../src/io/index.ts';
import type { PackageContent, PackedFile } from './pack.ts';
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
export async function packPython(python: Interpreter): Promise<PackageContent> {
  const { minor, version, home } = python;
  const library = `lib/python${minor}`;
  const prefix = dirname(home);
  const files = await readTree(join(prefix, library), library);
  const executable = await readFile(python.executable);
  const link = (name: string): PackedFile => ({ path: `bin/${name}`, content: { target: `python${minor}` } });
  return {
    index: {
      name: 'python',
      version,
      build: `h0a1b2c3_0_cpython`,
      build_number: 0,
      subdir: nativeSubdir,
      depends: [...(process.platform === 'linux' ? ['__glibc >=2.17,<3.0.a0'] : []), 'tzdata'],
      constrains: [`python_abi ${minor}.* *_cp${minorDigits(python)}`],
      license: 'Python-2.0',
      python_site_packages_path: `${library}/site-packages`,
    },
    files: [
      { path: `bin/python${minor}`, content: executable, executable: true },
      link('python'),
      link('python3'),
      ...files.map((file) => withPlaceholder(file, prefix)),
      ...(files.some(isDebians) ? [siteCustomisation(library)] : []),
      { path: `${library}/site-packages/README.txt`, content: Buffer.from('Third-party packages.\n') },
    ],
  };
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

async function readTree(folder: string, below: string): Promise<PackedFile[]> {
  const files: PackedFile[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = `${below}/${entry.name}`;
    const from = join(folder, entry.name);
    if (leftOut.has(entry.name) || /\.(?:a|o|exe|so\.1.*)$|^sitecustomize\.py$/.test(entry.name)) continue;
    if (entry.isDirectory()) files.push(...(await readTree(from, path)));
    else if (entry.isSymbolicLink()) {
      const target = await readlink(from);
      if (target === basename(target) && existsSync(from)) files.push({ path, content: { target } });
    } else if (entry.isFile()) {
      const { mode } = await stat(from);
      files.push({ path, content: await readFile(from), executable: (mode & 0o100) !== 0 });
    }
  }
  return files;
}

function withPlaceholder(file: PackedFile, prefix: string): PackedFile {
  if ('target' in file.content || !/\/(?:_sysconfigdata[^/]*\.py|Makefile)$/.test(file.path)) return vanilla(file);
  const text = Buffer.from(file.content).toString('utf8');
  const quoted = prefix.replaceAll('.', '\\.');
  const replaced = text.replaceAll(new RegExp(`${quoted}(?=[/'" ]|$)`, 'gm'), placeholder);
  return replaced === text ? file : { ...file, content: Buffer.from(replaced), prefix: 'text' };
}

function isDebians({ path, content }: PackedFile): boolean {
  return path.endsWith('/site.py') && !('target' in content) && Buffer.from(content).includes('"dist-packages"');
}

/** Debian's Python looks for packages in folders of its own, and has that frozen in; as everywhere else, they shall be in `site-packages`. */
function siteCustomisation(library: string): PackedFile {
  const text = `import site, sys\n\nsite.addsitedir(sys.prefix + "/${library}/site-packages")\n`;
  return { path: `${library}/sitecustomize.py`, content: Buffer.from(text) };
}

/** The same for where `sysconfig` says that packages belong. */
function vanilla(file: PackedFile): PackedFile {
  if ('target' in file.content || !file.path.endsWith('/sysconfig.py')) return file;
  const text = Buffer.from(file.content).toString('utf8');
  return { ...file, content: Buffer.from(text.replaceAll("= 'posix_local'", "= 'posix_prefix'")) };
}
