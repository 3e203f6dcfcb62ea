import { parseImage } from '../../schema/index.ts';

/** Whether a text names a registry, with or without a path in it. */
export function isRegistryPrefix(text: string): boolean {
  return parseImage(repositoryBelow(text, 'any')) !== undefined && !/[@\s]/.test(text);
}

/** The host of a registry prefix, and the path behind it, which may be empty. */
export function splitPrefix(prefix: string): { host: string; prefix: string } {
  const parsed = parseImage(repositoryBelow(prefix, 'any'));
  if (parsed === undefined) throw new Error(`\`${prefix}\` is no prefix of a registry`);
  return { host: parsed.registry, prefix: parsed.repository.split('/').slice(0, -1).join('/') };
}

/** A repository of our own name below a registry: `registry.example/team` and `terroir/env_…`. */
export function repositoryBelow(prefix: string, repository: string): string {
  return `${prefix.replace(/\/+$/, '')}/${repository}`;
}
