import { join } from 'node:path';
import { splitDigest } from '../names.ts';

/** Where things lie below a registry's folder. Names and digests must have been checked: they are taken as they are. */
export interface Layout {
  root: string;
  content: (digest: string) => string;
  repositories: string;
  repository: (name: string) => string;
  /** Empty files: the blob may be seen in the repository. */
  blobLink: (name: string, digest: string) => string;
  /** A record about the manifest; the manifest itself is content. */
  manifest: (name: string, digest: string) => string;
  tags: (name: string) => string;
  tag: (name: string, tag: string) => string;
  referrers: (name: string, subject: string) => string;
  upload: (name: string, id: string) => string;
  damaged: string;
  locks: string;
}

/** A repository's own folders begin with a character that no component of a name begins with. */
export const ownFolders = { blobs: '_blobs', manifests: '_manifests', tags: '_tags', uploads: '_uploads' } as const;

export function createLayout(root: string): Layout {
  const repositories = join(root, 'repositories');
  const repository = (name: string): string => join(repositories, name);
  const byDigest = (folder: string, digest: string): string => {
    const { algorithm, hex } = splitDigest(digest);
    return join(folder, algorithm, hex);
  };
  return {
    root,
    content: (digest) => {
      const { algorithm, hex } = splitDigest(digest);
      return join(root, 'blobs', algorithm, hex.slice(0, 2), hex);
    },
    repositories,
    repository,
    blobLink: (name, digest) => byDigest(join(repository(name), ownFolders.blobs), digest),
    manifest: (name, digest) => byDigest(join(repository(name), ownFolders.manifests), digest),
    tags: (name) => join(repository(name), ownFolders.tags),
    tag: (name, tag) => join(repository(name), ownFolders.tags, tagFile(tag)),
    referrers: (name, subject) => byDigest(join(repository(name), '_referrers'), subject),
    upload: (name, id) => join(repository(name), ownFolders.uploads, id),
    damaged: join(root, 'damaged'),
    locks: join(root, 'locks'),
  };
}

/** Capitals are written small and told apart by a bit mask, so that tags that differ in nothing else stay two where file names know no case. */
function tagFile(tag: string): string {
  const low = tag.toLowerCase();
  if (low === tag) return `${tag}.json`;
  const mask = tag.split('').reduce((bits, letter) => bits * 2n + (letter === letter.toLowerCase() ? 0n : 1n), 1n);
  return `${low}~${mask.toString(16)}.json`;
}

/** Undefined for what is no tag's file: one that is just being written. */
export function tagOfFile(name: string): string | undefined {
  const [, low = '', mask] = /^([^~]*)(?:~([0-9a-f]+))?\.json$/.exec(name) ?? [];
  if (low === '' || mask === undefined) return low || undefined;
  const bits = BigInt(`0x${mask}`).toString(2).slice(1);
  return low
    .split('')
    .map((letter, index) => (bits[index] === '1' ? letter.toUpperCase() : letter))
    .join('');
}
