import type { Interpreter } from '../../../src/io/index.ts';
import type { CondaPackageOptions } from '../conda-package.ts';
import { elfThatPrints } from './elf.ts';
import { withPrefix } from './packed-file.ts';
import { placeholder } from './placeholder.ts';
import { minorDigits, nativeSubdir } from './python-package.ts';

/** Small packages, for what the real ones do not have: data, activation, prefixes in text and binaries, a noarch entry point. */
export function madePackages(python: Interpreter): CondaPackageOptions[] {
  return [timeZones, abi(python), where(), cellar, tasting];
}

const timeZones: CondaPackageOptions = {
  name: 'tzdata',
  version: '2025b',
  noarch: 'generic',
  files: { 'share/zoneinfo/README': 'no time zones, for tests\n' },
};

function abi(python: Interpreter): CondaPackageOptions {
  const { minor } = python;
  return {
    name: 'python_abi',
    version: minor,
    build: `8_cp${minorDigits(python)}`,
    buildNumber: 8,
    noarch: 'generic',
    constrains: [`python ${minor}.*`],
  };
}

/** Three ways to name the prefix: a script, a program (where machine code is known), and a file of bytes. */
function where(): CondaPackageOptions {
  const named = `${placeholder}/share/where`;
  const program = elfThatPrints(named);
  return {
    name: 'where',
    version: '1.0',
    build: 'h1234567_0',
    subdir: nativeSubdir,
    files: {
      'bin/where-script': withPrefix(`#!/bin/sh\n# made in ${placeholder}\necho "${named}"\n`, 'text', true),
      ...(program === undefined ? {} : { 'bin/where-program': withPrefix(program, 'binary', true) }),
      'share/where': 'here\n',
      'share/where.bin': withPrefix(Buffer.from(`\u0001\u0000\u0002${named}\u0000\u0003`), 'binary'),
    },
  };
}

/** Activation scripts; in the older format, which channels still serve. */
const cellar: CondaPackageOptions = {
  name: 'cellar',
  version: '2.0',
  noarch: 'generic',
  format: 'tar.bz2',
  files: {
    'etc/conda/activate.d/cellar.sh': 'export CELLAR_SHARE="$CONDA_PREFIX/share/cellar"\n',
    'etc/conda/deactivate.d/cellar.sh': 'unset CELLAR_SHARE\n',
    'share/cellar/list.txt': 'empty\n',
  },
};

/** A noarch Python package with an entry point. */
const tasting: CondaPackageOptions = {
  name: 'tasting',
  version: '1.2',
  build: 'py_0',
  noarch: 'python',
  depends: ['python >=3.8'],
  entryPoints: ['taste = tasting:main'],
  files: {
    'site-packages/tasting/__init__.py': 'import sys\n\n\ndef main():\n    print("tasted in", sys.prefix)\n',
    'site-packages/tasting-1.2.dist-info/METADATA': 'Metadata-Version: 2.1\nName: tasting\nVersion: 1.2\n',
    'site-packages/tasting-1.2.dist-info/INSTALLER': 'conda',
    'site-packages/tasting-1.2.dist-info/RECORD': 'tasting/__init__.py,,\n',
  },
};
