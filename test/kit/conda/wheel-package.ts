import type { Interpreter } from '../../../src/io/index.ts';
import type { CondaContent, CondaPackageOptions } from '../conda-package.ts';
import type { Distribution } from './distribution.ts';
import { type PackedFiles, withPrefix } from './packed-file.ts';
import { placeholder } from './placeholder.ts';
import { minorDigits, nativeSubdir } from './python-package.ts';

/** A distribution as a conda package: pure ones as noarch Python, others for this machine's platform and one minor of Python. */
export function wheelPackage(distribution: Distribution, python: Interpreter): CondaPackageOptions {
  const { name, version, isPure, consoleScripts, requiresPython = '' } = distribution;
  const depends = dependsOf(distribution);
  if (isPure) {
    return {
      name,
      version,
      build: 'pyhd0a1b2c_0',
      noarch: 'python',
      depends: [`python ${requiresPython.replaceAll(' ', '')}`.trim(), ...depends],
      entryPoints: consoleScripts,
      files: filesBelow(distribution, 'site-packages', 'python-scripts'),
    };
  }
  const digits = minorDigits(python);
  return {
    name,
    version,
    build: `py${digits}h0a1b2c3_0`,
    subdir: nativeSubdir,
    depends: [
      ...(process.platform === 'linux' ? ['__glibc >=2.17,<3.0.a0'] : []),
      `python >=${python.minor},<${nextMinor(python.minor)}.0a0`,
      `python_abi ${python.minor}.* *_cp${digits}`,
      ...depends,
    ],
    files: filesBelow(distribution, `lib/python${python.minor}/site-packages`, 'bin'),
  };
}

function filesBelow({ files, consoleScripts, isPure }: Distribution, site: string, bin: string): PackedFiles {
  const made = new Set(consoleScripts.map((line) => line.split('=')[0]?.trim()));
  const packed: PackedFiles = {};
  for (const { path, content, executable } of files) {
    const script = /^bin\/([^/]+)$/.exec(path)?.[1];
    if (/\.dist-info\/(?:REQUESTED|direct_url\.json)$/.test(path)) continue;
    if (script === undefined) packed[`${site}/${path}`] = { content: contentOf(path, content), executable };
    // conda writes the entry points of noarch packages itself.
    else if (!isPure || !made.has(script)) packed[`${bin}/${script}`] = withShebang(content);
  }
  return packed;
}

function contentOf(path: string, content: Buffer): Uint8Array {
  return path.endsWith('.dist-info/INSTALLER') ? Buffer.from('conda') : content;
}

/** What pip's kind wrote names the Python that it installed for. */
function withShebang(content: Buffer): CondaContent {
  const text = content.toString('latin1');
  if (!/^#!.*python|^#!\/bin\/sh\n'''exec'/.test(text)) return { content, executable: true };
  const body = text.startsWith('#!/bin/sh\n') ? text.split('\n').slice(3).join('\n') : text.replace(/^.*\n/, '');
  return withPrefix(Buffer.from(`#!${placeholder}/bin/python\n${body}`, 'latin1'), 'text', true);
}

/** `numpy>=1.24,<3` as a MatchSpec. */
function dependsOf({ requires }: Distribution): string[] {
  return requires
    .map((line) => line.split(';') as [string, string?])
    .filter(([, marker]) => marker === undefined || !/platform|sys_|implementation|python_/.test(marker))
    .map(([requirement]) => {
      const [, name = '', rest = ''] = /^\s*([A-Za-z0-9._-]+)(?:\s*\[[^\]]*\])?\s*(.*)$/.exec(requirement) ?? [];
      const range = rest.replaceAll(/[()\s]/g, '');
      return `${name.toLowerCase().replaceAll(/[_.]+/g, '-')} ${range}`.trim();
    });
}

function nextMinor(minor: string): string {
  const [major, number] = minor.split('.').map(Number);
  return `${major}.${(number ?? 0) + 1}`;
}
