import type { Category, Definition } from '../schema/index.ts';
import type { EnvironmentVersion } from '../workspace/index.ts';

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

export function viewOf(row: EnvironmentVersion): VersionView {
  const { name, version, category, description, tags, archived, fingerprint, definition, createdAt, createdBy } = row;
  return { name, version, category, description, tags, archived, fingerprint, definition, createdAt, createdBy };
}
