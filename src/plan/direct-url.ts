import type { PypiPackage } from '../schema/index.ts';

/** The `direct_url.json` (PEP 610) of what did not come from an index; undefined for the rest. */
export function directUrl({ builtFrom, index, local, url, sha256 }: PypiPackage): string | undefined {
  if (builtFrom !== undefined) {
    const { kind, url: source, subdirectory, digest } = builtFrom;
    if (kind === 'git') {
      const [address = source, commit = ''] = source.replace(/^git\+/, '').split(/@(?=[0-9a-f]{40}$)/);
      return json({ url: address, vcs_info: { vcs: 'git', commit_id: commit }, subdirectory });
    }
    if (kind === 'project') return json({ url: `file:${source}`, dir_info: {} });
    if (kind === 'archive')
      return json({
        url: source,
        archive_info: digest === undefined ? {} : { hashes: { sha256: digest } },
        subdirectory,
      });
    return undefined;
  }
  if (local !== undefined) return json({ url: `file:${local}`, archive_info: { hashes: { sha256 } } });
  return index === undefined && url !== undefined ? json({ url, archive_info: { hashes: { sha256 } } }) : undefined;
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
