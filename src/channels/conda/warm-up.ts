import type { RepodataRecord } from './repodata-record.ts';
import { type SolverInput, solverInput } from './solver-input.ts';

const names = 6;
const versions = 3;

/**
 * A small question, with an answer, that leads through most of the solver: WebAssembly is compiled where it is first run, and that can be done while
 * the records of the real question are being read.
 */
export function warmUpInput(): SolverInput {
  const records = Array.from({ length: names * versions }, (_, at) => record(at % names, 1 + Math.floor(at / names)));
  const channel = { name: '', url: '', sources: [], subdirs: undefined, hide: (text: string) => text };
  return solverInput({
    specs: [`${nameOf(names - 1)} >=1`],
    platform: 'linux-64',
    channels: [{ channel, records }],
    virtualPackages: { __glibc: { version: '2.28', build: '0' } },
    locked: new Set(),
    channelsOf: () => [],
  });
}

function record(name: number, version: number): RepodataRecord {
  const filename = `${nameOf(name)}-${version}.0-py3${version}_0.conda`;
  return {
    filename,
    url: filename,
    subdir: 'linux-64',
    name: nameOf(name),
    version: `${version}.0`,
    build: `py3${version}_0`,
    buildNumber: 0,
    depends: name === 0 ? [] : [`${nameOf(name - 1)} >=${Math.min(version, 2)}.0,<9.0a0`, '__glibc >=2.17'],
    constrains: [`${nameOf(0)} >=1`],
    sha256: undefined,
    md5: undefined,
    size: undefined,
    noarch: undefined,
    license: undefined,
    timestamp: 1_700_000_000_000,
    trackFeatures: '',
    sitePackagesPath: undefined,
  };
}

function nameOf(name: number): string {
  return `warm-${name}`;
}
