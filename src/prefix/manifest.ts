import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { InstallPlan } from '../plan/index.ts';

/** What a prefix should consist of. */
export const Manifest = z.object({
  /** Whole wheels: `.terroir/records/<wheel>` (whose digest is `record`) lists the files, relative to `path`. */
  trees: z.array(z.object({ wheel: z.string(), path: z.string(), record: z.string(), without: z.array(z.string()) })),
  /** Path, SHA-256 (hex), target of a link, archive that it came from. */
  entries: z.array(z.tuple([z.string(), z.string(), z.string().nullable(), z.string().nullable()])),
});
export type Manifest = z.infer<typeof Manifest>;

/** Writes down what a plan put into `folder`. Answers the digest that seals it. */
export function writeManifest(plan: InstallPlan, folder: string): string {
  const manifest: Manifest = {
    trees: plan.trees.map(({ wheel, path, without }) => ({
      wheel: wheel.sha256,
      path,
      record: wheel.recordDigest,
      without: [...without],
    })),
    entries: plan.entries.map(({ path, sha256, content }) => [
      path,
      sha256,
      content.kind === 'link' ? content.target : null,
      content.kind === 'archive' ? content.sha256 : null,
    ]),
  };
  const text = JSON.stringify(manifest);
  writeFileSync(manifestFile(folder), text, { mode: 0o444 });
  return hash('sha256', text);
}

/** Undefined if it is missing, or is not what `digest` seals. */
export function readManifest(folder: string, digest: string | undefined): Manifest | undefined {
  try {
    const text = readFileSync(manifestFile(folder), 'utf8');
    if (digest === undefined || hash('sha256', text) !== digest) return undefined;
    const parsed = Manifest.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The archives that a prefix has files of. */
export function archivesOf({ trees }: Manifest): string[] {
  return trees.map(({ wheel }) => wheel);
}

function manifestFile(folder: string): string {
  return join(folder, '.terroir', 'manifest.json');
}
