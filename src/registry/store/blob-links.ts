import { removeFile, writeAtomically } from '../../io/index.ts';
import type { Content } from './content.ts';
import type { Layout } from './layout.ts';
import { affirm, type Grace } from './retire.ts';

/** Which blobs may be seen in which repository. */
export interface BlobLinks {
  /** The size of a blob that the repository has and that stays for now; else undefined. */
  find: (repository: string, digest: string) => Promise<number | undefined>;
  /** Makes content visible in the repository. False if there is no such content. */
  add: (repository: string, digest: string) => Promise<boolean>;
  /** False if it was not there. */
  remove: (repository: string, digest: string) => Promise<boolean>;
}

export function createBlobLinks(layout: Layout, content: Content, { grace }: Grace): BlobLinks {
  return {
    find: async (repository, digest) => {
      if (!(await affirm(layout.blobLink(repository, digest), { grace }))) return undefined;
      // A blob that was found damaged is gone, its links are not.
      return (await content.affirm(digest)) ? await content.size(digest) : undefined;
    },
    add: async (repository, digest) => {
      if (!(await content.affirm(digest))) return false;
      await writeAtomically(layout.blobLink(repository, digest), '');
      return true;
    },
    remove: async (repository, digest) => await removeFile(layout.blobLink(repository, digest)),
  };
}
