import { posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse } from 'smol-toml';
import * as z from 'zod';
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
        vcs: z
          .object({
            type: z.string(),
            url: z.string().optional(),
            path: z.string().optional(),
            'commit-id': z.string(),
            subdirectory: z.string().optional(),
          })
          .optional(),
      }),
    )
    .default([]),
});

/** What uv's requirements output says of one package. */
export interface Annotation {
  /** Normalised; for a line that is only a path or an address, that. */
  subject: string;
  version: string | undefined;
  /** Normalised names. */
  requiredBy: string[];
  requested: boolean;
  index: string | undefined;
}

/** Reads `uv pip compile --annotation-style split --emit-index-annotation`. */
export function parseAnnotations(text: string): Annotation[] {
  const found: Annotation[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (/^[^\s#-]/.test(line)) {
      const named = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:==\s*([^\s;\\]+)|@\s|$)/.exec(line);
      const subject =
        named?.[1] === undefined ? line.replace(/\s+;.*$/, '').replace(/\[[^\]]*\]$/, '') : normaliseName(named[1]);
      found.push({ subject, version: named?.[2], requiredBy: [], requested: false, index: undefined });
      continue;
    }
    const comment = /^\s+#\s*(.*)$/.exec(line)?.[1];
    const current = found.at(-1);
    if (comment === undefined || current === undefined) continue;
    readComment(comment, current);
  }
  return found;
}

function readComment(comment: string, annotation: Annotation): void {
  const index = /^from\s+(\S+)/.exec(comment)?.[1];
  const via = comment.replace(/^via\b\s*/, '').trim();
  if (index !== undefined) annotation.index = index;
  else if (/^-r\s/.test(via)) annotation.requested = true;
  else if (via !== '' && !via.startsWith('-')) annotation.requiredBy.push(normaliseName(via.replace(/[[\s(].*$/, '')));
}

/** Files and annotations of the same resolution, put together. `folder` is where relative paths start. */
export function parseCompiled(pylock: string, annotations: readonly Annotation[], folder: string): CompiledPackage[] {
  const { packages } = Pylock.parse(parse(pylock));
  const bySubject = new Map(annotations.map((each) => [each.subject, each]));
  const noted = packages.map((pkg) => {
    const name = normaliseName(pkg.name);
    return {
      pkg,
      name,
      annotation: subjectsOf(name, pkg, folder)
        .map((subject) => bySubject.get(subject))
        .find((each) => each !== undefined),
    };
  });
  const dependencies = new Map<string, string[]>();
  for (const { name, annotation } of noted) {
    for (const parent of annotation?.requiredBy ?? [])
      dependencies.set(parent, [...(dependencies.get(parent) ?? []), name]);
  }
  return noted.map(({ pkg, name, annotation }) => ({
    name,
    version: pkg.version ?? annotation?.version,
    wheels: pkg.wheels?.map((file) => fileOf(file, folder)) ?? [],
    sdist: pkg.sdist === undefined ? undefined : fileOf(pkg.sdist, folder),
    archive:
      pkg.archive === undefined
        ? undefined
        : { ...fileOf(pkg.archive, folder), subdirectory: pkg.archive.subdirectory },
    directory: pkg.directory === undefined ? undefined : posix.resolve(folder, pkg.directory.path),
    git: pkg.vcs === undefined ? undefined : gitOf(pkg.vcs, folder),
    index: pkg.index ?? annotation?.index,
    dependencies: dependencies.get(name) ?? [],
    requested: annotation?.requested ?? false,
  }));
}

type PylockPackage = z.infer<typeof Pylock>['packages'][number];

/** How the requirements output may call it: by name, or by the path of a requirement without one. */
function subjectsOf(name: string, { directory, archive }: PylockPackage, folder: string): string[] {
  const path = directory?.path ?? archive?.path;
  if (path === undefined) return [name];
  const absolute = posix.resolve(folder, path);
  return [
    name,
    path,
    absolute,
    pathToFileURL(absolute).href,
    posix.relative(folder, absolute),
    `./${posix.relative(folder, absolute)}`,
  ];
}

function gitOf(
  { url, path, 'commit-id': commit, subdirectory }: NonNullable<PylockPackage['vcs']>,
  folder: string,
): CompiledPackage['git'] {
  return { url: url ?? pathToFileURL(posix.resolve(folder, path ?? '')).href, commit, subdirectory };
}

function fileOf({ name, url, path, size, hashes }: z.infer<typeof File>, folder: string): CompiledFile {
  const local =
    path === undefined
      ? url?.startsWith('file:') === true
        ? fileURLToPath(url)
        : undefined
      : posix.resolve(folder, path);
  const filename =
    name ??
    (local === undefined ? decodeName(posix.basename((url ?? '').replace(/[?#].*$/, ''))) : posix.basename(local));
  return {
    filename,
    url: url ?? (local === undefined ? undefined : pathToFileURL(local).href),
    path: local,
    sha256: hashes?.sha256,
    size,
  };
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
