import type { BlobFacts } from '../store/uploads.ts';

/** Which blobs somebody found in which repository lately: a look at a known image asks for all its layers, and again a moment later. */
export interface KnownBlobs {
  /** The size of one that was there within the last minute. */
  size: (repository: string, digest: string) => number | undefined;
  add: (repository: string, blob: BlobFacts) => void;
  /** One of a repository, or all. */
  forget: (repository: string, digest?: string) => void;
  /** Repositories that had it whenever somebody looked: worth a try for who wants to mount it. */
  having: (digest: string) => string[];
}

/** Milliseconds for which an answer counts. */
const freshness = 60_000;
/** Digests; more only cost another question. */
const rememberedAtMost = 10_000;

export function createKnownBlobs(): KnownBlobs {
  const blobs = new Map<string, Map<string, { size: number; until: number }>>();
  return {
    size: (repository, digest) => {
      const found = blobs.get(digest)?.get(repository);
      return found !== undefined && Date.now() < found.until ? found.size : undefined;
    },
    add: (repository, { digest, size }) => {
      const places = blobs.get(digest) ?? new Map<string, { size: number; until: number }>();
      const [oldest] = blobs.size >= rememberedAtMost ? blobs.keys() : [];
      if (oldest !== undefined) blobs.delete(oldest);
      blobs.set(digest, places.set(repository, { size, until: Date.now() + freshness }));
    },
    forget: (repository, digest) => {
      if (digest === undefined) for (const places of blobs.values()) places.delete(repository);
      else blobs.get(digest)?.delete(repository);
    },
    having: (digest) => [...(blobs.get(digest)?.keys() ?? [])],
  };
}
