import { sha256 } from '../schema/index.ts';
import { activateScript } from './activate.ts';
import { generated } from './generated-entry.ts';
import type { PlanEntry, PlanPython } from './install-plan.ts';

/** Who owns what makes a directory an environment. No package can have this name. */
export const environment = 'the environment';

const externallyManaged = `[externally-managed]
Error=This environment is made from a lock and shared; it is not changed in place.
 Change its definition instead: terroir env clone NAME NEW-NAME --add PACKAGE
`;

/** What makes a directory a virtual environment (PEP 405), sealed (PEP 668). */
export function glueEntries(python: PlanPython, prefix: string): PlanEntry[] {
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
