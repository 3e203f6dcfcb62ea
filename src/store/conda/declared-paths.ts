import * as z from 'zod';
import type { InfoFolder } from './info-file.ts';
import { invalidPackage } from './invalid-package.ts';

/** What a package says about one of its paths. */
export interface DeclaredPath {
  path: string;
  /** The older form does not say it. */
  type?: 'file' | 'link' | 'directory';
  sha256?: string;
  size?: number;
  placeholder?: { text: string; mode: 'text' | 'binary' };
  noLink: boolean;
}

/** What stood for the prefix before packages said it themselves. In two parts, so that nobody finds it in this file. */
const oldPlaceholder = ['/opt/anaconda1anaconda2', 'anaconda3'].join('');

const types = { hardlink: 'file', softlink: 'link', directory: 'directory' } as const;

const PathsJson = z.object({
  paths_version: z.literal(1),
  paths: z.array(
    z.object({
      _path: z.string(),
      path_type: z.enum(['hardlink', 'softlink', 'directory']),
      sha256: z
        .string()
        .regex(/^[0-9a-fA-F]{64}$/)
        .nullish(),
      size_in_bytes: z.int().nonnegative().nullish(),
      prefix_placeholder: z.string().nullish(),
      file_mode: z.enum(['text', 'binary']).nullish(),
      no_link: z.boolean().nullish(),
    }),
  ),
});

/**
 * The paths of a package that are installed, as conda finds them: by `info/paths.json`, and without it by `info/files` with `has_prefix`, `no_link`
 * and `no_softlink`. What else is in the archive is not installed; nor is what is listed below `info/`, which would be one file for all packages.
 * @throws AppError INVALID_PACKAGE.
 */
export function readDeclaredPaths(info: InfoFolder): DeclaredPath[] {
  const declared = readPathsJson(info) ?? readOldLists(info);
  const seen = new Map<string, DeclaredPath>();
  for (const each of declared) {
    if (each.path.startsWith('info/')) continue;
    const other = seen.get(each.path);
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(each))
      throw invalidPackage(info.label, `it lists \`${each.path}\` twice, in two ways`);
    seen.set(each.path, each);
  }
  return [...seen.values()];
}

function readPathsJson(info: InfoFolder): DeclaredPath[] | undefined {
  return info.json('paths.json', PathsJson)?.paths.map((entry) => {
    const { prefix_placeholder: text, file_mode: mode } = entry;
    return {
      path: entry._path,
      type: types[entry.path_type],
      ...(entry.sha256 ? { sha256: entry.sha256.toLowerCase() } : {}),
      ...(typeof entry.size_in_bytes === 'number' ? { size: entry.size_in_bytes } : {}),
      ...(text ? { placeholder: { text, mode: mode ?? 'text' } } : {}),
      noLink: entry.no_link ?? false,
    };
  });
}

function readOldLists(info: InfoFolder): DeclaredPath[] {
  if (!info.has('files')) throw invalidPackage(info.label, 'it has neither `info/paths.json` nor `info/files`');
  const placeholders = readHasPrefix(info);
  const noLink = new Set([...info.lines('no_link'), ...info.lines('no_softlink')]);
  return info.lines('files').map((path) => {
    const placeholder = placeholders.get(path);
    return { path, ...(placeholder === undefined ? {} : { placeholder }), noLink: noLink.has(path) };
  });
}

/** Lines of `path`, or of `placeholder mode path`; each word may stand in quotes. */
function readHasPrefix(info: InfoFolder): Map<string, { text: string; mode: 'text' | 'binary' }> {
  const found = new Map<string, { text: string; mode: 'text' | 'binary' }>();
  for (const line of info.lines('has_prefix')) {
    const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
      ([, double, single, bare]) => double ?? single ?? bare ?? '',
    );
    const [first = '', mode, path] = words;
    if (words.length === 1) found.set(first, { text: oldPlaceholder, mode: 'text' });
    else if (words.length === 3 && path !== undefined && (mode === 'text' || mode === 'binary'))
      found.set(path, { text: first, mode });
    else throw invalidPackage(info.label, `\`info/has_prefix\` has the line \`${line}\``);
  }
  return found;
}
