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
  const layout = await mkdtemp(join(tmpdir(), 'terroir-base-'));
  try {
    await writeBase(layout, [{ base: await makeBase({ layers: [[...entries, ...extra]] }) }]);
    const places = [`oci:${layout}`, `docker://${reference}`];
    execFileSync('skopeo', ['copy', '-q', '--preserve-digests', '--dest-tls-verify=false', ...places]);
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}
