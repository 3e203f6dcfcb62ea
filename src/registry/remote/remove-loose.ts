import { join } from 'node:path';
import { isAppError } from '../../errors/index.ts';
import { readTextIfExists, writeAtomically } from '../../io/index.ts';
import type { GarbageOptions } from '../store/collect-garbage.ts';
import { readManifest } from '../store/read-manifest.ts';
import type { Registry, Repository } from '../store/registry.ts';

interface LooseOptions extends GarbageOptions {
  /** Where it is noted what was found to be loose, and when. */
  folder: string;
  grace: number;
}

/** Milliseconds since 1970 at which a manifest was first found that nothing holds, by repository and digest. */
type Marks = Record<string, number>;

/**
 * Removes the manifests that only loose tags name, from a registry that does not tell when somebody used them last: what is found to be loose is noted on
 * this machine, and goes when it still is after the grace. How many went, or would go now. Nothing goes where the registry neither tells its
 * repositories nor lets anybody delete. Layers go when the registry itself looks after what nothing names.
 */
export async function removeLoose(registry: Registry, options: LooseOptions): Promise<number> {
  const notes = join(options.folder, 'loose.json');
  const text = (await readTextIfExists(notes)) ?? '{}';
  const before = readMarks(text);
  const after: Marks = {};
  let removed = 0;
  try {
    for await (const name of registry.repositories()) {
      const repository = registry.repository(name);
      for (const digest of await looseIn(repository, options)) {
        const key = `${name}@${digest}`;
        const since = before[key] ?? Date.now();
        if (Date.now() - since < options.grace) after[key] = since;
        else if (options.dryRun === true || (await repository.deleteManifest(digest))) removed += 1;
      }
    }
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    return removed;
  }
  if (options.dryRun !== true && JSON.stringify(after) !== text) await writeAtomically(notes, JSON.stringify(after));
  return removed;
}

/** Digests of manifests that only loose tags name. */
async function looseIn(repository: Repository, { keep, isLoose, signal }: GarbageOptions): Promise<Set<string>> {
  const tags = await repository.listTags();
  const loose = new Set(tags.filter((tag) => isLoose?.(repository.name, tag) === true));
  const candidates = new Set<string>();
  if (loose.size === 0) return candidates;
  const held = new Set(keep);
  for (const tag of tags) {
    signal?.throwIfAborted();
    const found = await repository.findManifest(tag);
    if (found === undefined) continue;
    if (loose.has(tag)) {
      candidates.add(found.digest);
      continue;
    }
    held.add(found.digest);
    const { references } = readManifest(await repository.readManifest(found), found.mediaType);
    for (const { digest, kind } of references) if (kind === 'manifest') held.add(digest);
  }
  return new Set([...candidates].filter((digest) => !held.has(digest)));
}

function readMarks(text: string): Marks {
  try {
    return JSON.parse(text) as Marks;
  } catch {
    // Then the grace begins anew.
    return {};
  }
}

function isUnsupported(error: unknown): boolean {
  return isAppError(error, 'USAGE') && error.details?.oci === 'UNSUPPORTED';
}
