import { parseImage } from '../../schema/index.ts';

/** Whether a text names a registry, with or without a path in it. */
export function isRegistryPrefix(text: string): boolean {
  return parseImage(repositoryBelow(text, 'any')) !== undefined && !/[@\s]/.test(text);
}

/** A repository of our own name below a registry: `registry.example/team` and `terroir/env_…`. */
export function repositoryBelow(prefix: string, repository: string): string {
  return `${prefix.replace(/\/+$/, '')}/${repository}`;
}
