import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { InstallPlan } from '../plan/index.ts';

/** What a prefix should consist of. */
export const Manifest = z.object({
  /** Whole wheels: `.terroir/records/<wheel>` (whose digest is `record`) lists the files, relative to `path`. */
  trees: z.array(z.object({ wheel: z.string(), path: z.string(), record: z.string(), without: z.array(z.string()) })),
  /** conda packages: `record` is the path of the package's file in `conda-meta`, which lists what it has. */
  conda: z.array(z.object({ archive: z.string(), record: z.string() })).optional(),
  /** Path, SHA-256 (hex), target of a link, archive that it came from. */
  entries: z.array(z.tuple([z.string(), z.string(), z.string().nullable(), z.string().nullable()])),
});
export type Manifest = z.infer<typeof Manifest>;

/** Writes down what a plan put into `folder`. `digests` are those that the plan could not know. Answers the digest that seals it. */
export function writeManifest(plan: InstallPlan, folder: string, digests: ReadonlyMap<string, string>): string {
  const { trees, entries, rewrites, condaRecords } = plan;
  const digestOf = (path: string): string => digests.get(path) ?? '';
  const manifest: Manifest = {
    trees: trees.flatMap(({ wheel, path, without }) =>
      wheel === undefined ? [] : [{ wheel: wheel.sha256, path, record: wheel.recordDigest, without: [...without] }],
    ),
    ...(condaRecords.length === 0
      ? {}
      : { conda: condaRecords.map(({ archive, path }) => ({ archive, record: path })) }),
    entries: [
      ...entries.map(({ path, sha256, content }): Manifest['entries'][number] => [
        path,
        sha256,
        content.kind === 'link' ? content.target : null,
        content.kind === 'archive' ? content.sha256 : null,
      ]),
      ...rewrites.map(({ path, archive }): Manifest['entries'][number] => [path, digestOf(path), null, archive]),
      ...condaRecords.map(({ path }): Manifest['entries'][number] => [path, digestOf(path), null, null]),
    ],
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
export function archivesOf({ trees, conda = [] }: Manifest): string[] {
  return [...trees.map(({ wheel }) => wheel), ...conda.map(({ archive }) => archive)];
}

function manifestFile(folder: string): string {
  return join(folder, '.terroir', 'manifest.json');
}
