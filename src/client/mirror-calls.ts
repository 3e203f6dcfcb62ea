import type { App, VersionView } from '../app/index.ts';
import { anonymousName, definitionDigest } from '../definition/index.ts';
import { isAppError } from '../errors/index.ts';
import type { Lock } from '../schema/index.ts';
import type { Connection } from './connection.ts';
import type { Definitions } from './definitions.ts';
import type { createLockCalls } from './lock-calls.ts';
import { versionPath } from './paths.ts';

/** A version as the server has it. */
interface Theirs {
  version: VersionView;
  /** For this machine; undefined if nobody wants it, or there is nothing to lock. */
  lock: Lock | undefined;
}

/** Versions are brought to this machine, so that an environment here is exactly the one that the server locked. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function createMirrorCalls(
  { api }: Connection,
  { settle }: Definitions,
  { lockEnvironment }: ReturnType<typeof createLockCalls>,
) {
  return {
    /** Brings a version, with its lock unless nobody wants that, into the workspace of `app`. Answers its reference there. */
    mirrorVersion: async (app: App, word: string, { lock = true }: { lock?: boolean } = {}): Promise<string> => {
      const version = await api.json<VersionView>({ path: versionPath(await settle(word)) });
      const reference = `${version.name}:${version.version}`;
      const wantsLock = lock && version.definition.layer !== undefined;
      const request = { relock: false, upgrade: [], dryRun: false };
      const locked = wantsLock ? (await lockEnvironment(reference, request)).lock : undefined;
      if (locked !== undefined) await bringBuiltWheels(api, app, locked);
      await keep(app, { version, lock: locked });
      return reference;
    },
  };
}

/** What no index has. */
async function bringBuiltWheels(api: Connection['api'], app: App, { packages }: Lock): Promise<void> {
  const { blobs } = await app.openWorkspace();
  for (const { kind, sha256, url, size } of packages) {
    if (kind !== 'pypi' || url !== undefined) continue;
    if ((await app.store.hasArchive(sha256)) || (await blobs.size(sha256)) !== undefined) continue;
    try {
      const content = await api.send({ path: `/blobs/${sha256}` });
      await blobs.receive(content.stream(), { digest: sha256, limit: size > 0 ? size : Infinity, patience: 60_000 });
    } catch (error) {
      // Then an index has it, whose addresses change.
      if (!isAppError(error, 'CONTENT_NOT_FOUND')) throw error;
    }
  }
}

async function keep(app: App, { version: theirs, lock }: Theirs): Promise<void> {
  const { environments, locks } = await app.openWorkspace();
  const { name, version, category, fingerprint, definition, description, tags } = theirs;
  const digest = definitionDigest(definition);
  const known = await environments.get(name, version);
  // Somebody deleted it there, and used its number again.
  if (known !== undefined && known.definitionDigest !== digest) await environments.delete(known.id);
  const { version: ours } = await environments.register({
    name,
    version,
    anonymous: name === anonymousName,
    category,
    fingerprint,
    definition,
    definitionDigest: digest,
    description: description ?? undefined,
    tags,
    files: [],
  });
  if (lock === undefined) return;
  const revisions = await locks.list(fingerprint);
  const there = revisions.find((each) => each.platform === lock.platform && each.lock.digest === lock.digest);
  if (there === undefined) await locks.relock(lock, ours.id);
  else if ((await locks.bound(ours.id, lock.platform))?.revision !== there.revision)
    await locks.moveTo(ours.id, lock.platform, there.revision);
}
