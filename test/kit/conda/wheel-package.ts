import type { Interpreter } from '../../../src/io/index.ts';
import type { Distribution } from './distribution.ts';
import type { PackageContent, PackedFile } from './pack.ts';
import { placeholder } from './placeholder.ts';
import { minorDigits, nativeSubdir } from './python-package.ts';

/** A distribution as a conda package: pure ones as noarch Python, others for this machine's platform and one minor of Python. */
export function wheelPackage(distribution: Distribution, python: Interpreter): PackageContent {
  const { name, version, isPure } = distribution;
  const digits = minorDigits(python);
  const common = { name, version, build_number: 0, license: 'see the metadata' };
  const depends = dependsOf(distribution);
  if (isPure) {
    return {
      index: {
        ...common,
        build: 'pyhd0a1b2c_0',
        subdir: 'noarch',
        noarch: 'python',
        depends: [`python ${distribution.requiresPython?.replaceAll(' ', '') ?? ''}`.trim(), ...depends],
      },
      files: filesBelow(distribution, 'site-packages', 'python-scripts'),
      link: {
        noarch: { type: 'python', entry_points: distribution.consoleScripts },
        package_metadata_version: 1,
      },
    };
  }
  return {
    index: {
      ...common,
      build: `py${digits}h0a1b2c3_0`,
      subdir: nativeSubdir,
      depends: [
        ...(process.platform === 'linux' ? ['__glibc >=2.17,<3.0.a0'] : []),
        `python >=${python.minor},<${nextMinor(python.minor)}.0a0`,
        `python_abi ${python.minor}.* *_cp${digits}`,
        ...depends,
      ],
    },
    files: filesBelow(distribution, `lib/python${python.minor}/site-packages`, 'bin'),
  };
}

function filesBelow(
  { files, consoleScripts, distInfo, isPure }: Distribution,
  site: string,
  bin: string,
): PackedFile[] {
  const made = new Set(consoleScripts.map((line) => line.split('=')[0]?.trim()));
  const packed: PackedFile[] = [];
  for (const { path, content, executable } of files) {
    const script = /^bin\/([^/]+)$/.exec(path)?.[1];
    if (script === undefined) packed.push({ path: `${site}/${path}`, content: contentOf(path, content), executable });
    // conda writes the entry points of noarch packages itself.
    else if (!isPure || !made.has(script))
      packed.push({ ...withShebang(content), path: `${bin}/${script}`, executable });
  }
  return packed.filter(({ path }) => !path.endsWith(`${distInfo}/REQUESTED`) && !path.endsWith('direct_url.json'));
}

function contentOf(path: string, content: Buffer): Buffer {
  return path.endsWith('.dist-info/INSTALLER') ? Buffer.from('conda') : content;
}

/** What pip's kind wrote names the Python that it installed for. */
function withShebang(content: Buffer): Pick<PackedFile, 'content' | 'prefix'> {
  const text = content.toString('latin1');
  if (!/^#!.*python/.test(text)) return { content };
  const body = text.startsWith("#!/bin/sh\n'''exec'")
    ? text.split('\n').slice(3).join('\n')
    : text.replace(/^.*\n/, '');
  return { content: Buffer.from(`#!${placeholder}/bin/python\n${body}`, 'latin1'), prefix: 'text' };
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
