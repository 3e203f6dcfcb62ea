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
    }),
  );
}

/** The version under which a definition without a name is kept. */
export function anonymousVersion(definition: Definition): string {
  return definitionDigest(definition).slice(0, 32);
}
