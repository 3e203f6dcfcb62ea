import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Catalog, type CuratedVersion, Lock } from '../src/schema/index.ts';

const folder = join(import.meta.dirname, '..', 'catalog');

/** docs/catalog.md: the curated environments, from the catalogue's index and its locks. */
export function catalogPage(): string {
  const catalog = Catalog.parse(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')));
  return [
    '# Curated environments',
    '',
    'Every workspace has them from the start; they are used as they are (`terroir run --env Terroir-sklearn -- python train.py`). To change one, clone it:',
    '`terroir env clone Terroir-sklearn my-sklearn --add xgboost`. The names that begin with `Terroir-`, `AzureML` and `Microsoft` are reserved: a changed',
    'one cannot be registered or submitted under its old name. The locks of the catalogue come with Terroir, so that the first lock in a workspace installs',
    'the same files. `TERROIR_CATALOG` names another folder of the same shape, or `none`.',
    '',
    ...catalog.versions.flatMap(section),
  ].join('\n');
}

function section({ name, version, description, tags, fingerprint, definition, sources }: CuratedVersion): string[] {
  const lock = lockOf(name, version);
  const wanted = lock?.packages.filter(({ requested }) => requested) ?? [];
  const versions = wanted.map((pkg) => `${pkg.name} ${pkg.version}`).join(', ');
  return [
    `## ${name}:${version}`,
    '',
    description,
    '',
    `- Base image: \`${definition.image ?? 'none'}\``,
    `- Tags: ${Object.entries(tags)
      .map(([key, value]) => `${key}=${value}`)
      .join(', ')}`,
    `- Fingerprint: \`${fingerprint}\``,
    lock === undefined
      ? '- Lock: none in the catalogue; the first use makes it'
      : `- Lock (linux-64): ${lock.packages.length} packages; ${versions}`,
    '',
    '```yaml',
    ...sources.slice(-1).map(({ text }) => text.trim()),
    '```',
    '',
  ];
}

function lockOf(name: string, version: string): Lock | undefined {
  const file = join(folder, name, version, 'linux-64.lock.json');
  return existsSync(file) ? Lock.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}
