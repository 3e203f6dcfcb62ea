import type { Lock, RequirementEntry } from '../schema/index.ts';
import { lockDigest } from './lock-document.ts';
import { resolveConda } from './resolve-conda.ts';
import { fullVersion, resolvePypi } from './resolve-pypi.ts';
import type { ResolveChannels, Resolved, ResolveRequest } from './resolve-request.ts';
import { virtualPackages } from './virtual-packages.ts';

/**
 * The exact packages that a definition means now.
 * @throws AppError UNSOLVABLE with the solver's explanation, BUILD_FAILED, UNSUPPORTED_FEATURE for what cannot be resolved.
 */
export async function resolveLock(request: ResolveRequest, channels: ResolveChannels): Promise<Lock> {
  const { definition, fingerprint, platform } = request;
  const content: Omit<Lock, 'digest'> = {
    lockVersion: 1,
    fingerprint,
    platform,
    ...(definition.layer?.kind === 'conda'
      ? await resolveConda(request, definition.layer, channels)
      : await resolveRequirements(request, definition.layer?.entries ?? [], channels)),
  };
  return { ...content, digest: lockDigest(content) };
}

async function resolveRequirements(
  request: ResolveRequest,
  entries: readonly RequirementEntry[],
  channels: ResolveChannels,
): Promise<Resolved> {
  const { definition, platform, python } = request;
  if (python === undefined) throw new Error('a requirements layer needs to know its Python');
  const pypi = await channels.pypi();
  const version = fullVersion(definition, python);
  const { packages, indexes, findLinks } = await resolvePypi({ ...request, python }, { entries, version, pypi });
  return {
    python,
    inputs: {
      channels: [],
      indexes,
      findLinks,
      virtualPackages: virtualPackages(definition, platform),
      tools: { [pypi.tool.name]: pypi.tool.version },
    },
    packages,
  };
}
