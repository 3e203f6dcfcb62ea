import { AppError } from '../errors/index.ts';
import { normaliseName } from '../requirements/index.ts';
import type { CondaPackage, Lock, LockedPython, Platform, PythonLayer } from '../schema/index.ts';
import { condaPackages } from './conda-packages.ts';
import { condaRequest, installsSomething } from './conda-request.ts';
import { addExtras, explainContradiction, providedBy } from './provided-distributions.ts';
import { resolvePypi } from './resolve-pypi.ts';
import type { ResolveChannels, Resolved, ResolveRequest } from './resolve-request.ts';
import { condaVirtualPackages, virtualPackageTexts } from './virtual-packages.ts';

type CondaLayer = Extract<PythonLayer, { kind: 'conda' }>;

/** conda packages first; then what pip would install into them, which takes what conda brings as it is. */
export async function resolveConda(
  request: ResolveRequest,
  layer: CondaLayer,
  channels: ResolveChannels,
): Promise<Resolved> {
  const { definition, platform, seed, upgrade } = request;
  const { specs, implied, pip } = condaRequest(definition, layer);
  const solver = channels.conda();
  const assumed = condaVirtualPackages(definition, platform);
  const solution = await solver.solve({
    channels: layer.channels,
    specs: [...specs, ...implied],
    platform,
    virtualPackages: assumed,
    locked: lockedPackages(seed, platform, upgrade),
    refresh: upgrade !== undefined,
  });
  const conda = condaPackages(solution.packages, specs);
  const python = pythonOf(conda);
  const inputs = {
    channels: solution.channels,
    indexes: [] as string[],
    findLinks: [] as string[],
    virtualPackages: virtualPackageTexts(assumed),
    tools: { [solver.tool.name]: solver.tool.version },
  };
  if (!installsSomething(pip)) return { python: python?.locked, inputs, packages: conda };
  if (python === undefined) {
    throw new AppError('UNSOLVABLE', 'there is a `pip:` block, and the conda packages have no Python', {
      hint: 'Name one: `python=3.12`.',
    });
  }
  const provided = providedBy(conda, await solver.distributions(solution.packages));
  const side = { entries: pip, provided, packages: conda, specs };
  await addExtras(side, solver);
  const pypi = await channels.pypi();
  try {
    const answer = await resolvePypi(
      { ...request, python: python.locked },
      { entries: pip, version: python.version, pypi, provided: [...provided.values()] },
    );
    const owners = new Map([...provided.values()].map(({ name, owner }) => [name, owner]));
    const packages = answer.packages.map((pkg) => ({
      ...pkg,
      dependencies: [...new Set(pkg.dependencies.map((name) => owners.get(name) ?? name))].sort(),
    }));
    const { indexes, findLinks } = answer;
    const tools = { ...inputs.tools, [pypi.tool.name]: pypi.tool.version };
    return {
      python: python.locked,
      inputs: { ...inputs, indexes, findLinks, tools },
      packages: [...conda, ...packages],
    };
  } catch (error) {
    throw explainContradiction(error, side);
  }
}

export function pythonOf(packages: readonly CondaPackage[]): { locked: LockedPython; version: string } | undefined {
  const version = packages.find(({ name }) => name === 'python')?.version;
  const minor = /^\d+\.\d+/.exec(version ?? '')?.[0];
  if (version === undefined || minor === undefined) return undefined;
  return { locked: { version: minor, source: 'conda' }, version };
}

/** What an earlier lock has, but for what may move. */
function lockedPackages(
  seed: Lock | undefined,
  platform: Platform,
  upgrade: ResolveRequest['upgrade'] = [],
): CondaPackage[] {
  if (seed === undefined || seed.platform !== platform || upgrade === 'all') return [];
  const moving = new Set(upgrade.map(normaliseName));
  return seed.packages.filter((each) => each.kind === 'conda').filter(({ name }) => !moving.has(normaliseName(name)));
}
