import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { normaliseName } from '../../requirements/index.ts';
import type { CompiledFile, CompiledPackage } from '../../resolve/index.ts';

const File = z.object({
  name: z.string().optional(),
  url: z.string().optional(),
  path: z.string().optional(),
  size: z.number().optional(),
  subdirectory: z.string().optional(),
  hashes: z.record(z.string(), z.string()).optional(),
});

/** What of uv's `pylock.toml` (PEP 751) is read. */
const Pylock = z.object({
  packages: z
    .array(
      z.object({
        name: z.string(),
        version: z.string().optional(),
        index: z.string().optional(),
        wheels: z.array(File).optional(),
        sdist: File.optional(),
        archive: File.optional(),
        directory: z.object({ path: z.string(), subdirectory: z.string().optional() }).optional(),
        vcs: z.object({ type: z.string(), url: z.string().optional(), path: z.string().optional(), 'commit-id': z.string(), subdirectory: z.string().optional() }).optional(),
      }),
    )
    .default([]),
});

/** Who needs whom, and from which index: what the annotations of uv's requirements output say. */
export interface Annotations {
  requiredBy: Map<string, Set<string>>;
  requested: Set<string>;
  index: Map<string, string>;
  version: Map<string, string>;
}

export function parseAnnotations(text: string): Annotations {
  const found: Annotations = { requiredBy: new Map(), requested: new Set(), index: new Map(), version: new Map() };
  let current = '';
  for (const line of text.split(/\r?\n/)) {
    const requirement = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:==\s*([^\s;\\]+)|@\s|$)/.exec(line);
    if (requirement !== null) {
      current = normaliseName(requirement[1] ?? '');
      found.requiredBy.set(current, new Set());
      if (requirement[2] !== undefined) found.version.set(current, requirement[2]);
      continue;
    }
    const from = /^\s+#\s+from\s+(\S+)/.exec(line)?.[1];
    if (from !== undefined) found.index.set(current, from);
    const via = /^\s+#(?:\s+via)?\s+(.+)$/.exec(line)?.[1]?.trim();
    if (via === undefined || from !== undefined || via === 'via' || current === '') continue;
    if (/^-r\s/.test(via)) found.requested.add(current);
    else if (!via.startsWith('-')) found.requiredBy.get(current)?.add(normaliseName(via.split('[')[0]?.trim() ?? via));
  }
  return found;
}

/** Files and annotations of the same resolution, put together. `folder` is where relative paths start. */
export function parseCompiled(pylock: string, annotations: Annotations, folder: string): CompiledPackage[] {
  const { packages } = Pylock.parse(parse(pylock));
  const dependencies = new Map<string, string[]>();
  for (const [name, parents] of annotations.requiredBy) for (const parent of parents) dependencies.set(parent, [...(dependencies.get(parent) ?? []), name]);
  return packages.map((pkg) => {
    const name = normaliseName(pkg.name);
    const toFile = (file: z.infer<typeof File>): CompiledFile => fileOf(file, folder);
    return {
      name,
      version: pkg.version ?? annotations.version.get(name),
      wheels: pkg.wheels?.map(toFile) ?? [],
      sdist: pkg.sdist === undefined ? undefined : toFile(pkg.sdist),
      archive: pkg.archive === undefined ? undefined : { ...toFile(pkg.archive), subdirectory: pkg.archive.subdirectory },
      directory: pkg.directory === undefined ? undefined : absolute(pkg.directory.path, folder),
      git: pkg.vcs === undefined ? undefined : { url: pkg.vcs.url ?? `file://${absolute(pkg.vcs.path ?? '', folder)}`, commit: pkg.vcs['commit-id'], subdirectory: pkg.vcs.subdirectory },
      index: pkg.index ?? annotations.index.get(name),
      dependencies: dependencies.get(name) ?? [],
      requested: annotations.requested.has(name),
    };
  });
}

function fileOf({ name, url, path, size, hashes }: z.infer<typeof File>, folder: string): CompiledFile {
  const isLocal = url?.startsWith('file:') === true;
  const place = path === undefined ? (isLocal && url !== undefined ? fileURLToPath(url) : undefined) : absolute(path, folder);
  const filename = name ?? decodeURIComponent(posix.basename((place ?? url ?? '').replace(/[?#].*$/, '')));
  return { filename, url: url ?? (place === undefined ? undefined : `file://${place}`), path: place, sha256: hashes?.sha256, size };
}

function absolute(path: string, folder: string): string {
  return posix.resolve(folder, path);
}
