import { type CondaPackage, sha256 } from '../schema/index.ts';
import { activateScript, type CondaActivation, condaActivateScript } from './activate.ts';
import { generated } from './generated-entry.ts';
import type { PlanEntry, PlanPython } from './install-plan.ts';
import type { Layout } from './layout.ts';

/** Who owns what makes a directory an environment. No package can have this name. */
export const environment = 'the environment';

const externallyManaged = `[externally-managed]
Error=This environment is made from a lock and shared; it is not changed in place.
 Change its definition instead: terroir env clone NAME NEW-NAME --add PACKAGE
`;

/** What makes a directory a virtual environment (PEP 405), sealed (PEP 668). */
export function venvGlue(python: PlanPython, prefix: string): PlanEntry[] {
  const config = [
    `home = ${python.home}`,
    'include-system-site-packages = false',
    `version = ${python.version}`,
    `executable = ${python.executable}`,
    'prompt = terroir',
    '',
  ].join('\n');
  return [
    generated('pyvenv.cfg', config, environment),
    generated(`lib/python${python.minor}/EXTERNALLY-MANAGED`, externallyManaged, environment),
    generated('bin/activate', activateScript(prefix), environment),
    link('bin/python', python.executable),
    link('bin/python3', 'python'),
    link(`bin/python${python.minor}`, 'python'),
    link('lib64', 'lib'),
  ];
}

/** What makes a directory a conda environment, sealed for pip (PEP 668) and for conda (CEP 22). */
export function condaGlue(
  packages: readonly CondaPackage[],
  python: PlanPython | undefined,
  layout: Layout,
): PlanEntry[] {
  const frozen = {
    message:
      'This environment is made from a lock and shared; it is not changed in place. Change its definition instead: terroir env clone NAME NEW-NAME --add PACKAGE',
  };
  const entries = [
    generated('conda-meta/history', historyOf(packages), environment),
    generated('conda-meta/frozen', `${JSON.stringify(frozen)}\n`, environment),
  ];
  if (python !== undefined)
    entries.push(generated(`${layout.standardLibrary}/EXTERNALLY-MANAGED`, externallyManaged, environment));
  return entries;
}

/** For people's shells. A package may have a file of that name: conda itself does. */
export function condaActivateEntry(prefix: string, activation: CondaActivation): PlanEntry {
  return generated('bin/activate', condaActivateScript(prefix, activation), environment);
}

/** As conda writes it, but for the clock: the same packages have the same history. */
function historyOf(packages: readonly CondaPackage[]): string {
  const lines = packages.map(
    ({ channel, subdir, name, version, build }) => `+${channel}/${subdir}::${name}-${version}-${build}`,
  );
  const requested = packages.filter((pkg) => pkg.requested).map(({ name }) => `'${name}'`);
  return [
    '==> 1980-01-01 00:00:00 <==',
    '# cmd: terroir',
    ...lines.sort(),
    `# update specs: [${requested.join(', ')}]`,
    '',
  ].join('\n');
}

function link(path: string, target: string): PlanEntry {
  return {
    path,
    executable: false,
    content: { kind: 'link', target },
    sha256: sha256(target),
    size: 0,
    owner: environment,
  };
}
