import { posix } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import * as z from 'zod';
import type { SourceDocument } from '../../documents/index.ts';
import { normaliseName } from '../../requirements/index.ts';
import type { ListedFile, ListedPypi } from '../../schema/index.ts';
import { createProblemList, type ProblemList } from './problem-list.ts';
import type { LockFileRead } from './read-lock-file.ts';
import { schemaProblem } from './schema-problem.ts';

const File = z.object({
  name: z.string().optional(),
  url: z.string().optional(),
  path: z.string().optional(),
  size: z.number().int().optional(),
  subdirectory: z.string().optional(),
  hashes: z.record(z.string(), z.string()).optional(),
});
type File = z.infer<typeof File>;

const Package = z.object({
  name: z.string(),
  version: z.string().optional(),
  marker: z.string().optional(),
  index: z.string().optional(),
  dependencies: z.array(z.looseObject({ name: z.string().optional() })).default([]),
  wheels: z.array(File).default([]),
  sdist: File.optional(),
  archive: File.optional(),
  directory: z.object({ path: z.string() }).optional(),
  vcs: z
    .object({
      type: z.string(),
      url: z.string().optional(),
      'commit-id': z.string(),
      subdirectory: z.string().optional(),
    })
    .optional(),
});
type Package = z.infer<typeof Package>;

/** What of PEP 751 is read. */
const Pylock = z.object({
  'lock-version': z.string(),
  'requires-python': z.string().optional(),
  extras: z.array(z.string()).default([]),
  'default-groups': z.array(z.string()).default([]),
  packages: z.array(Package).default([]),
});

/** Reads `pylock.toml` (PEP 751), without extras and with its default groups. @throws AppError INVALID_DEFINITION. */
export function readPylock(source: SourceDocument): LockFileRead {
  const problems = createProblemList(source);
  const document = parseToml(source, problems);
  const version = document['lock-version'];
  if (!/^1(?:\.|$)/.test(version))
    problems.add(0, `its \`lock-version\` is \`${version}\``, 'Terroir reads version 1 of the format.');
  const packages = document.packages.flatMap((pkg) => {
    const at = Math.max(0, source.text.search(new RegExp(`name\\s*=\\s*["']${escape(pkg.name)}["']`)));
    return readPackage(pkg, problems, at);
  });
  problems.finish();
  const warnings =
    document.extras.length === 0
      ? []
      : [{ offset: 0, message: `what belongs to its extras (${document.extras.join(', ')}) is left out` }];
  return {
    lock: {
      format: 'pylock',
      packages,
      channels: [],
      platforms: [],
      requiresPython: document['requires-python'],
      defaultGroups: document['default-groups'],
    },
    warnings,
  };
}

function parseToml(source: SourceDocument, problems: ProblemList): z.infer<typeof Pylock> {
  try {
    const parsed = Pylock.safeParse(parse(source.text.replace(/^\uFEFF/, '')));
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues.slice(0, 10))
      problems.add(0, schemaProblem(issue), 'It should be a `pylock.toml` as PEP 751 has it.');
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const lines = source.text.split('\n').slice(0, error.line - 1);
    const offset = lines.reduce((sum, line) => sum + line.length + 1, 0) + error.column - 1;
    problems.add(
      offset,
      `this is not valid TOML: ${error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '')}`,
    );
  }
  problems.finish();
  throw new Error('a lock file that is wrong has problems');
}

function readPackage(pkg: Package, problems: ProblemList, at: number): ListedPypi[] {
  const { directory, vcs, archive, sdist } = pkg;
  const refuse = (message: string, hint: string): ListedPypi[] => {
    problems.add(at, message, hint);
    return [];
  };
  if (directory !== undefined) {
    return refuse(
      `\`${pkg.name}\` is the folder \`${directory.path}\`, which can change at any time`,
      'Build a wheel of it and lock that, or leave it out of the lock and name it in a requirements file.',
    );
  }
  const local = [...pkg.wheels, sdist, archive].find((file) => file !== undefined && file.url === undefined);
  if (local !== undefined) {
    return refuse(
      `\`${pkg.name}\` is the file \`${local.path ?? local.name ?? ''}\`, without an address`,
      'Name local wheels in a requirements file (`./x.whl`): then their content is part of the version.',
    );
  }
  if (vcs !== undefined && (vcs.type !== 'git' || vcs.url === undefined))
    return refuse(
      `\`${pkg.name}\` comes from ${vcs.type}`,
      'Terroir takes sources from git repositories that have an address.',
    );
  if (vcs === undefined && archive === undefined && sdist === undefined && pkg.wheels.length === 0)
    return refuse(`\`${pkg.name}\` names no file`, 'Lock it again.');
  return [
    {
      kind: 'pypi',
      name: normaliseName(pkg.name),
      version: pkg.version,
      marker: pkg.marker,
      index: pkg.index,
      wheels: pkg.wheels.map(fileOf),
      sdist: sdist === undefined ? undefined : fileOf(sdist),
      archive: archive === undefined ? undefined : { ...fileOf(archive), subdirectory: archive.subdirectory },
      git:
        vcs?.url === undefined ? undefined : { url: vcs.url, commit: vcs['commit-id'], subdirectory: vcs.subdirectory },
      dependencies: pkg.dependencies.flatMap(({ name }) => (name === undefined ? [] : [normaliseName(name)])),
    },
  ];
}

function fileOf({ name, url, size, hashes }: File): ListedFile {
  const filename = name ?? decodeURIComponent(posix.basename((url ?? '').replace(/[?#].*$/, '')));
  return { filename, url, size, sha256: hashes?.sha256?.toLowerCase() };
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
