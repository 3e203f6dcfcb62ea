import { stripUserInfo } from '../errors/index.ts';
import type { Lock } from '../schema/index.ts';

/**
 * Git requirements with the commits of the seed instead of branches and tags, so that relocking another package does not move them. The seed is a
 * lock of the same definition. A repository that gave several commits is left alone.
 */
export function keepCommits(requirements: string, seed: Lock | undefined, upgrade: readonly string[]): string {
  const commits = new Map<string, string | undefined>();
  for (const { name, builtFrom } of seed?.packages.filter((each) => each.kind === 'pypi') ?? []) {
    const match = /^(git\+.+)@([0-9a-f]{40})$/.exec(builtFrom?.kind === 'git' ? builtFrom.url : '');
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const isAmbiguous = commits.has(match[1]) && commits.get(match[1]) !== match[2];
    commits.set(match[1], isAmbiguous || upgrade.includes(name) ? undefined : match[2]);
  }
  return requirements.replaceAll(gitAddress, (whole, address: string) => {
    const commit = commits.get(stripUserInfo(address));
    return commit === undefined ? whole : `${address}@${commit}`;
  });
}

/** The address up to its path's end, and the `@ref` behind it; user info has an `@` of its own before the path. */
const gitAddress = /(git\+[a-z+]+:\/\/[^/\s]*\/[^@#\s;]*)(@[^#\s;]+)?/g;
