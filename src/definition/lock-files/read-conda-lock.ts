import * as z from 'zod';
import { parseYaml, type SourceDocument, type YamlDocument } from '../../documents/index.ts';
import { normaliseName } from '../../requirements/index.ts';
import { type ListedConda, type ListedPypi, type Platform, platforms } from '../../schema/index.ts';
import { readCondaAddress } from './conda-address.ts';
import { createProblemList, type ProblemList } from './problem-list.ts';
import type { LockFileRead } from './read-lock-file.ts';
import { schemaProblem } from './schema-problem.ts';

const Package = z.object({
  name: z.string(),
  version: z.coerce.string(),
  manager: z.enum(['conda', 'pip']),
  platform: z.string(),
  dependencies: z.record(z.string(), z.unknown()).nullish(),
  url: z.string(),
  hash: z.object({ md5: z.string().nullish(), sha256: z.string().nullish() }).nullish(),
  category: z.string().nullish(),
});
type Package = z.infer<typeof Package>;

const Document = z.object({
  version: z.literal(1),
  metadata: z.object({
    channels: z.array(z.union([z.string(), z.object({ url: z.string() }).transform(({ url }) => url)])),
    platforms: z.array(z.string()),
  }),
  package: z.array(Package),
});

/** Reads `conda-lock.yml`, format 1. Packages of its `main` category count, as for `conda-lock install --no-dev`. @throws AppError INVALID_DEFINITION. */
export function readCondaLock(source: SourceDocument): LockFileRead {
  const document = parseYaml(source, 'INVALID_DEFINITION');
  const problems = createProblemList(source);
  const parsed = Document.safeParse(document.value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues.slice(0, 10))
      problems.add(
        offsetOf(document, issue.path as (string | number)[]),
        schemaProblem(issue),
        'It should be a `conda-lock.yml` of format 1.',
      );
    problems.finish();
    throw new Error('a lock file that is wrong has problems');
  }
  const { metadata, package: listed } = parsed.data;
  const known = metadata.platforms.filter((each): each is Platform => platforms.some((platform) => platform === each));
  const warnings: LockFileRead['warnings'] = [];
  for (const unknown of metadata.platforms.filter((each) => !known.some((platform) => platform === each)))
    warnings.push({ offset: 0, message: `\`${unknown}\` is no platform that Terroir knows; it is left out` });
  const others = [...new Set(listed.map(({ category }) => category ?? 'main'))].filter((each) => each !== 'main');
  if (others.length > 0)
    warnings.push({
      offset: 0,
      message: `packages of ${others.map((each) => `\`${each}\``).join(', ')} are left out`,
      hint: 'Those of the category `main` make the environment.',
    });
  const packages = listed.flatMap((pkg, index): (ListedConda | ListedPypi)[] => {
    const platform = known.find((each) => each === pkg.platform);
    if (platform === undefined || (pkg.category ?? 'main') !== 'main') return [];
    const at = offsetOf(document, ['package', index, 'url']);
    return pkg.manager === 'conda'
      ? readConda(pkg, platform, { problems, at, channels: metadata.channels })
      : readPip(pkg, platform, problems, at);
  });
  problems.finish();
  return {
    lock: { format: 'conda-lock', packages, channels: metadata.channels, platforms: known, defaultGroups: [] },
    warnings,
  };
}

function offsetOf(document: YamlDocument, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const range = document.range(path.slice(0, length));
    if (range !== undefined) return range.start;
  }
  return 0;
}

function readConda(
  { url, hash }: Package,
  platform: Platform,
  { problems, at, channels }: { problems: ProblemList; at: number; channels: readonly string[] },
): ListedConda[] {
  const read = readCondaAddress(url, { digested: (hash?.sha256 ?? hash?.md5) != null });
  if ('problem' in read) {
    problems.add(at, read.problem, read.hint);
    return [];
  }
  // Whoever looks at the channels must see every folder that files are taken from.
  if (read.channel.startsWith('file:') && !channels.includes(read.channel)) {
    problems.add(
      at,
      `\`${url}\` is in a folder that \`metadata.channels\` does not name`,
      `Add \`${read.channel}\` there.`,
    );
    return [];
  }
  return [{ kind: 'conda', ...read, md5: hash?.md5 ?? read.md5, sha256: hash?.sha256 ?? read.sha256, platform }];
}

function readPip(pkg: Package, platform: Platform, problems: ProblemList, at: number): ListedPypi[] {
  const { url, hash, version } = pkg;
  const base = {
    kind: 'pypi' as const,
    name: normaliseName(pkg.name),
    version,
    platform,
    wheels: [],
    dependencies: Object.keys(pkg.dependencies ?? {}).map(normaliseName),
  };
  const git = /^git\+(.+)@([0-9a-f]{40})$/.exec(url.replace(/#.*$/, ''));
  if (git?.[1] !== undefined && git[2] !== undefined) return [{ ...base, git: { url: git[1], commit: git[2] } }];
  const filename = decodeURIComponent(/\/([^/#?]+)(?:[#?]|$)/.exec(url)?.[1] ?? '');
  if (!/^https?:\/\//.test(url) || !/\.(?:whl|tar\.gz|tar\.bz2|zip)$/.test(filename)) {
    problems.add(
      at,
      `\`${url}\` is no address of a wheel or source archive`,
      'Lock the file again, or take the package out of it.',
    );
    return [];
  }
  const file = { filename, url: url.replace(/#.*$/, ''), sha256: hash?.sha256 ?? undefined };
  return [filename.endsWith('.whl') ? { ...base, wheels: [file] } : { ...base, sdist: file }];
}
