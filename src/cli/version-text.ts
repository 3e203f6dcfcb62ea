import type { RegisteredVersion, VersionView } from '../app/index.ts';
import type { Style } from '../report/render/index.ts';
import { facts } from './table.ts';
import { ago } from './time-text.ts';

export function outcomeLine({ version, outcome }: RegisteredVersion, style: Style): string {
  const name = style.bold(`${version.name}:${version.version}`);
  switch (outcome) {
    case 'created':
      return `${style.green('registered')} ${name}`;
    case 'updated':
      return `${name} has this definition already; ${style.green('updated')} its description and tags`;
    case 'unchanged':
      return `${name} has this definition already; nothing changed`;
  }
}

export function versionText(version: VersionView, style: Style): string {
  return facts(
    [
      ['name', version.name],
      ['version', version.version],
      ['category', version.category],
      ['description', version.description ?? undefined],
      ['tags', tagText(version.tags)],
      ['archived', version.archived ? 'yes' : undefined],
      ['fingerprint', version.fingerprint],
      ['created', `${version.createdAt} (${ago(version.createdAt)}) by ${version.createdBy}`],
    ],
    style,
  );
}

export function tagText(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
