import { listFolder, pathExists, readTextIfExists, removeFile, writeAtomically } from '../../io/index.ts';
import { Descriptor } from '../../schema/index.ts';
import { splitDigest } from '../names.ts';
import type { Layout } from './layout.ts';

/** Manifests that name another one as their subject. */
export interface Referrers {
  add: (repository: string, subject: string, descriptor: Descriptor) => Promise<void>;
  /** By digest, so that pages follow one another. */
  list: (repository: string, subject: string) => Promise<Descriptor[]>;
  remove: (repository: string, subject: string, digest: string) => Promise<void>;
}

export function createReferrers(layout: Layout): Referrers {
  const path = (repository: string, subject: string, digest: string): string => {
    const { algorithm, hex } = splitDigest(digest);
    return `${layout.referrers(repository, subject)}/${algorithm}-${hex}`;
  };
  return {
    add: async (repository, subject, descriptor) => {
      await writeAtomically(path(repository, subject, descriptor.digest), JSON.stringify(descriptor), {
        durable: true,
      });
    },
    list: async (repository, subject) => {
      const folder = layout.referrers(repository, subject);
      const found: Descriptor[] = [];
      for (const { name } of await listFolder(folder)) {
        if (!/^(?:sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})$/.test(name)) continue;
        // It is written before its manifest is, and that may never have come.
        if (!(await pathExists(layout.manifest(repository, name.replace('-', ':'))))) continue;
        const text = await readTextIfExists(`${folder}/${name}`);
        if (text !== undefined) found.push(Descriptor.parse(JSON.parse(text)));
      }
      return found;
    },
    remove: async (repository, subject, digest) => {
      await removeFile(path(repository, subject, digest));
    },
  };
}
