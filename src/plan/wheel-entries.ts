import { AppError } from '../errors/index.ts';
import { normaliseName } from '../requirements/index.ts';
import type { PypiPackage } from '../schema/index.ts';
import type { UnpackedWheel } from '../store/index.ts';
import { directUrl } from './direct-url.ts';
import { generated } from './generated-entry.ts';
import type { PlanEntry } from './install-plan.ts';
import type { Layout } from './layout.ts';
import { refuseOwnRecords } from './own-records.ts';
import { entryPointScript, pythonScript } from './scripts.ts';

export interface WheelPlace {
  pkg: PypiPackage;
  wheel: UnpackedWheel;
  layout: Layout;
  /** What scripts are run with. Absolute. */
  interpreter: string;
}

/** What is installed of a wheel besides its tree: `.data`, scripts, and what an installer writes. */
export function wheelEntries(place: WheelPlace): PlanEntry[] {
  const { pkg, wheel, layout, interpreter } = place;
  const owner = pkg.name;
  const entries: PlanEntry[] = [];
  const bodies = new Map(wheel.pythonScripts.map(({ path, body }) => [path, body]));
  const entryPoints = [...wheel.consoleScripts, ...wheel.guiScripts];
  const shadowed = new Set(entryPoints.map(({ name }) => `bin/${name}`));
  for (const { path: member, executable, sha256, size } of wheel.spread) {
    const path = destination(member, place);
    const body = bodies.get(member);
    if (path === undefined || (body !== undefined && shadowed.has(path))) continue;
    if (body !== undefined) entries.push(generated(path, pythonScript(interpreter, body), owner, true));
    else
      entries.push({
        path,
        executable,
        content: { kind: 'archive', sha256: wheel.sha256, file: `${wheel.folder}/${member}` },
        sha256,
        size,
        owner,
      });
  }
  for (const point of entryPoints)
    entries.push(generated(`bin/${point.name}`, entryPointScript(interpreter, point), owner, true));
  const info = `${layout.sitePackages}/${wheel.distInfo}`;
  entries.push(generated(`${info}/INSTALLER`, 'terroir\n', owner));
  if (pkg.requested) entries.push(generated(`${info}/REQUESTED`, '', owner));
  const origin = directUrl(pkg);
  if (origin !== undefined) entries.push(generated(`${info}/direct_url.json`, origin, owner));
  return entries;
}

/** Where a member of `.data` goes; undefined for what is not installed. */
function destination(member: string, { wheel, layout }: WheelPlace): string | undefined {
  const [scheme = '', ...rest] = member.slice(wheel.data.length + 1).split('/');
  const path = rest.join('/');
  if (path === '') return undefined;
  switch (scheme) {
    case 'purelib':
    case 'platlib':
      return `${layout.sitePackages}/${path}`;
    case 'scripts':
      return `bin/${path}`;
    case 'headers':
      return `${layout.headers}/${normaliseName(wheel.name)}/${path}`;
    case 'data':
      refuseOwnRecords(path, wheel.filename, layout);
      // In a venv `lib64` is a link.
      return layout.kind === 'venv' ? path.replace(/^lib64\//, 'lib/') : path;
    default:
      throw new AppError(
        'INVALID_WHEEL',
        `\`${wheel.filename}\` is no valid wheel: it has files for \`${scheme}\`, and there is no such place`,
        { hint: 'Report it to those who publish the package.' },
      );
  }
}
