import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { sha256 } from '../../../src/schema/index.ts';
import { createStore, type Store } from '../../../src/store/index.ts';
import { type CondaPackageOptions, makeCondaPackage } from '../conda-package.ts';

export const hostile = 'HOSTILE_ARCHIVE';
export const corrupt = 'CORRUPT_ARCHIVE';
export const invalid = 'INVALID_PACKAGE';

/** An honest package with something more. */
export const evil = (options: Partial<CondaPackageOptions>): Buffer =>
  makeCondaPackage({
    name: 'evil',
    version: '1.0',
    ...options,
    files: { 'lib/honest.txt': 'x\n', 'bin/honest': 'x\n', ...options.files },
  }).bytes;

/** Its name, without the ending. */
export const stem = 'evil-1.0-0';

export interface RefusingStore {
  unpack(bytes: Uint8Array, filename: string): Promise<unknown>;
  /** It is refused, and nothing of it is left anywhere. */
  expectRefusal(bytes: Uint8Array, filename: string, code: string, message: RegExp): Promise<void>;
}

/** A store for the tests of a suite, to be filled with conda packages. */
export function refusingStore(): RefusingStore {
  let root: string;
  let store: Store;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-hostile-'));
    store = createStore({ root: join(root, 'store'), threads: 2 });
  });
  afterAll(async () => await rm(root, { recursive: true, force: true }));

  const unpack = async (bytes: Uint8Array, filename: string): Promise<unknown> => {
    const digest = sha256(bytes);
    await store.ensureArchive({ sha256: digest, filename }, async (file) => await writeFile(file, bytes));
    return await store.ensureConda(digest, filename);
  };
  return {
    unpack,
    expectRefusal: async (bytes, filename, code, message) => {
      await expect(unpack(bytes, filename)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
      expect(await store.findConda(sha256(bytes))).toBeUndefined();
      expect(await store.hasArchive(sha256(bytes))).toBe(false);
      expect(await readdir(join(root, 'store', 'tmp'))).toEqual([]);
      expect(await readdir(root)).toEqual(['store']);
    },
  };
}
