import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BaseEntry, debianLike, makeBase, writeBase } from './base-image.ts';

/** Brings a base image like Debian's, with a Python in it, to a registry on this machine. */
export async function pushBase(
  reference: string,
  extra: readonly BaseEntry[] = [],
  entries: readonly BaseEntry[] = debianLike,
): Promise<void> {
  await push(reference, [{ base: await makeBase({ layers: [[...entries, ...extra]] }) }]);
}

/** The same for both platforms that there are images for, under one index. Each has more in it than the other if that is named. */
export async function pushBases(
  reference: string,
  { amd64 = [], arm64 = [] }: { amd64?: readonly BaseEntry[]; arm64?: readonly BaseEntry[] } = {},
): Promise<void> {
  const entries = { amd64: [...debianLike, ...amd64], arm64: [...debianLike, ...arm64] };
  await push(
    reference,
    await Promise.all(
      (['amd64', 'arm64'] as const).map(async (architecture) => ({
        base: await makeBase({ layers: [entries[architecture]], architecture }),
        platform: { os: 'linux', architecture },
      })),
    ),
  );
}

async function push(reference: string, images: Parameters<typeof writeBase>[1]): Promise<void> {
  const layout = await mkdtemp(join(tmpdir(), 'terroir-base-'));
  try {
    await writeBase(layout, images);
    const places = [`oci:${layout}`, `docker://${reference}`];
    execFileSync('skopeo', ['copy', '-q', '--all', '--preserve-digests', '--dest-tls-verify=false', ...places]);
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}
