import { redact } from '../../errors/index.ts';
import type { Category, Definition } from '../../schema/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';

/** An environment version as every command shows it. */
export interface VersionView {
  name: string;
  version: string;
  category: Category;
  description: string | null;
  tags: Record<string, string>;
  archived: boolean;
  fingerprint: string;
  definition: Definition;
  createdAt: string;
  createdBy: string;
}

export interface RegisteredVersion {
  version: VersionView;
  /** `updated`: the same definition with another description or other tags. */
  outcome: 'created' | 'updated' | 'unchanged';
}

export function viewOf(row: EnvironmentVersion): VersionView {
  const { name, version, category, description, tags, archived, fingerprint, definition, createdAt, createdBy } = row;
  return {
    name,
    version,
    category,
    description,
    tags,
    archived,
    fingerprint,
    definition: withoutSecrets(definition),
    createdAt,
    createdBy,
  };
}

/** Credentials in addresses are not shown, whoever wrote them there. */
function withoutSecrets<T>(value: T): T {
  if (typeof value === 'string') return redact(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => withoutSecrets(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSecrets(item as unknown)])) as T;
}
