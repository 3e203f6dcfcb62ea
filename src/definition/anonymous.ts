import { canonicalJson, type Definition, sha256 } from '../schema/index.ts';
import { canonicalForm } from './fingerprint.ts';

/** SHA-256 (hex) of the whole definition: what shapes the image and what does not, but no name, description and tags. */
export function definitionDigest(definition: Definition): string {
  const { environmentVariables, platforms, osType, inferenceConfig, autoRebuild, layer } = definition;
  return sha256(
    canonicalJson({
      content: canonicalForm(definition),
      environmentVariables,
      condaVariables: layer?.kind === 'conda' ? layer.variables : undefined,
      platforms,
      osType,
      inferenceConfig,
      autoRebuild,
      logins: loginsIn(layer),
    }),
  );
}

/**
 * How the addresses of a layer log in: the names of variables; of what is written out, only that something is. The environment is the same without
 * them, but who adds a login means to use it.
 */
function loginsIn(layer: Definition['layer']): string[] | undefined {
  if (layer === undefined) return undefined;
  const text = JSON.stringify(layer.kind === 'conda' ? [layer.channels, layer.dependencies] : layer.entries);
  const logins = [...text.matchAll(/:\/\/([^/@\s"]+)@|\/t\/([^/\s"]+)(?=\/)/g)].map(
    ([, user, token]) => (user ?? token ?? '').match(/\$\{[^}]+\}/g)?.join(':') ?? '***',
  );
  return logins.length === 0 ? undefined : logins;
}

/** The version under which a definition without a name is kept. */
export function anonymousVersion(definition: Definition): string {
  return definitionDigest(definition).slice(0, 32);
}
