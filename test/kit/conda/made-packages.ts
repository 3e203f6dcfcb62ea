import type { Interpreter } from '../../../src/io/index.ts';
import { elfThatPrints } from './elf.ts';
import type { PackageContent, PackageIndex } from './pack.ts';
import { placeholder } from './placeholder.ts';
import { minorDigits, nativeSubdir } from './python-package.ts';

/** Small packages, for what the real ones do not have: data, activation, prefixes in text and binaries, a noarch entry point. */
export function madePackages(python: Interpreter): PackageContent[] {
  return [timeZones(), abi(python), where(), cellar(), tasting()];
}

function index(name: string, version: string, more: Partial<PackageIndex> = {}): PackageIndex {
  return { name, version, build: '0', build_number: 0, subdir: 'noarch', noarch: 'generic', depends: [], ...more };
}

function timeZones(): PackageContent {
  return {
    index: index('tzdata', '2025b'),
    files: [{ path: 'share/zoneinfo/README', content: Buffer.from('no time zones, for tests\n') }],
  };
}

function abi(python: Interpreter): PackageContent {
  const { minor } = python;
  return {
    index: index('python_abi', minor, {
      build: `8_cp${minorDigits(python)}`,
      build_number: 8,
      constrains: [`python ${minor}.*`],
    }),
    files: [],
  };
}

/** Three ways to name the prefix: a script, a program (where machine code is known), and a file of bytes. */
function where(): PackageContent {
  const program = elfThatPrints(`${placeholder}/share/where`);
  return {
    index: index('where', '1.0', { subdir: nativeSubdir, noarch: undefined, build: 'h1234567_0' }),
    files: [
      {
        path: 'bin/where-script',
        content: Buffer.from(`#!/bin/sh\n# made in ${placeholder}\necho "${placeholder}/share/where"\n`),
        executable: true,
        prefix: 'text',
      },
      ...(program === undefined
        ? []
        : [{ path: 'bin/where-program', content: program, executable: true, prefix: 'binary' as const }]),
      { path: 'share/where', content: Buffer.from('here\n') },
      {
        path: 'share/where.bin',
        content: Buffer.concat([
          Buffer.from([1, 0, 2]),
          Buffer.from(`${placeholder}/share/where`),
          Buffer.from([0, 3]),
        ]),
        prefix: 'binary',
      },
    ],
  };
}

/** Activation scripts. */
function cellar(): PackageContent {
  return {
    index: index('cellar', '2.0'),
    files: [
      {
        path: 'etc/conda/activate.d/cellar.sh',
        content: Buffer.from('export CELLAR_SHARE="$CONDA_PREFIX/share/cellar"\n'),
      },
      { path: 'etc/conda/deactivate.d/cellar.sh', content: Buffer.from('unset CELLAR_SHARE\n') },
      { path: 'share/cellar/list.txt', content: Buffer.from('empty\n') },
    ],
  };
}

/** A noarch Python package with an entry point. */
function tasting(): PackageContent {
  const metadata = 'Metadata-Version: 2.1\nName: tasting\nVersion: 1.2\n';
  return {
    index: index('tasting', '1.2', { noarch: 'python', build: 'py_0', depends: ['python >=3.8'] }),
    files: [
      {
        path: 'site-packages/tasting/__init__.py',
        content: Buffer.from('import sys\n\n\ndef main():\n    print("tasted in", sys.prefix)\n'),
      },
      { path: 'site-packages/tasting-1.2.dist-info/METADATA', content: Buffer.from(metadata) },
      { path: 'site-packages/tasting-1.2.dist-info/INSTALLER', content: Buffer.from('conda') },
      { path: 'site-packages/tasting-1.2.dist-info/RECORD', content: Buffer.from('tasting/__init__.py,,\n') },
    ],
    link: { noarch: { type: 'python', entry_points: ['taste = tasting:main'] }, package_metadata_version: 1 },
  };
}
