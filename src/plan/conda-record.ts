import type { CondaPackage } from '../schema/index.ts';
import type { UnpackedConda } from '../store/index.ts';
import type { SettledTree } from './claims.ts';
import { isPlain, moveOf, movesOf } from './conda-place.ts';
import type { PlanEntry, PlanRewrite } from './install-plan.ts';
import type { Layout } from './layout.ts';

/** A path of a package as its file in `conda-meta` lists it. */
interface RecordedPath {
  path: string;
  type: 'hardlink' | 'softlink' | 'unix_python_entry_point' | 'directory';
  /** As in the archive; absent for what is made here. */
  sha256?: string;
  size?: number;
  /** Of what is in the prefix; absent for rewritten files, until they are made. */
  inPrefix?: string;
  placeholder?: { text: string; mode: 'text' | 'binary' };
}

/** What `conda-meta/NAME-VERSION-BUILD.json` says (conda's PrefixRecord). */
export interface CondaRecord {
  /** Relative to the prefix. */
  path: string;
  owner: string;
  /** The archive's. */
  archive: string;
  /** All but the paths. */
  facts: Readonly<Record<string, unknown>>;
  paths: readonly RecordedPath[];
}

/** Fields of repodata that are taken from the archive; the lock's own win, for channels patch theirs. */
const indexFields = [
  'arch',
  'features',
  'license',
  'license_family',
  'platform',
  'python_site_packages_path',
  'timestamp',
  'track_features',
];

export interface RecordInput {
  pkg: CondaPackage;
  unpacked: UnpackedConda;
  owner: string;
  layout: Layout;
  trees: readonly SettledTree[];
  entries: ReadonlyMap<string, PlanEntry | PlanRewrite>;
  /** Where archives are kept; without it the record does not say. */
  archiveFile: string | undefined;
}

/** The record of an installed package: what it has in the end. */
export function condaRecord(input: RecordInput): CondaRecord {
  const { pkg, unpacked, owner } = input;
  return {
    path: recordPath(pkg),
    owner,
    archive: unpacked.sha256,
    facts: factsOf(input),
    paths: pathsOf(input),
  };
}

export function recordPath({ name, version, build }: CondaPackage): string {
  return `conda-meta/${name}-${version}-${build}.json`;
}

/** `rewritten` tells the digests of rewritten files by path. */
export function condaRecordText({ facts, paths }: CondaRecord, rewritten: ReadonlyMap<string, string>): string {
  const head = JSON.stringify(facts, undefined, 1).slice(0, -2);
  // By hand: there are tens of thousands of them, and this takes a fifth of the time.
  let files = '';
  let data = '';
  for (const each of paths) {
    const path = JSON.stringify(each.path);
    const separator = files === '' ? '\n' : ',\n';
    files += separator + path;
    data += `${separator}{"_path":${path},${pathFacts(each, rewritten)}}`;
  }
  return `${head},\n "files": [${files}\n],\n "paths_data": {"paths_version": 1, "paths": [${data}\n]}\n}\n`;
}

/** Digests need no quoting beyond their quotes. */
function pathFacts(
  { path, type, sha256, size, inPrefix: known, placeholder }: RecordedPath,
  rewritten: ReadonlyMap<string, string>,
): string {
  const inPrefix = known ?? rewritten.get(path);
  let text = `"path_type":"${type}"`;
  if (placeholder !== undefined)
    text += `,"prefix_placeholder":${JSON.stringify(placeholder.text)},"file_mode":"${placeholder.mode}"`;
  if (sha256 !== undefined) text += `,"sha256":"${sha256}"`;
  if (inPrefix !== undefined) text += `,"sha256_in_prefix":"${inPrefix}"`;
  return size === undefined ? text : `${text},"size_in_bytes":${size}`;
}

function factsOf({ pkg, unpacked, archiveFile }: RecordInput): Record<string, unknown> {
  const known = indexFields.filter((field) => unpacked.index[field] !== undefined && unpacked.index[field] !== null);
  return {
    ...Object.fromEntries(known.map((field) => [field, unpacked.index[field]])),
    name: pkg.name,
    version: pkg.version,
    build: pkg.build,
    build_number: pkg.buildNumber,
    subdir: pkg.subdir,
    depends: pkg.depends,
    constrains: pkg.constrains,
    noarch: pkg.noarch,
    ...(pkg.license === undefined ? {} : { license: pkg.license }),
    fn: pkg.filename,
    url: pkg.url,
    channel: pkg.url.slice(0, pkg.url.lastIndexOf('/')),
    sha256: pkg.sha256,
    md5: pkg.md5,
    size: pkg.size,
    ...(pkg.requested ? { requested_spec: pkg.name, requested_specs: [pkg.name] } : { requested_specs: [] }),
    ...(archiveFile === undefined
      ? {}
      : {
          extracted_package_dir: unpacked.folder,
          package_tarball_full_path: archiveFile,
          link: { source: unpacked.folder, type: 1 },
        }),
  };
}

function pathsOf({ unpacked, owner, layout, trees, entries }: RecordInput): RecordedPath[] {
  const moves = movesOf(unpacked, layout);
  const without = new Map(
    trees
      .filter(({ archive }) => archive === unpacked.sha256)
      .map(({ path, without: left }) => [path === '' ? '' : `${path}/`, left] as const),
  );
  const paths: RecordedPath[] = [];
  for (const file of unpacked.files) {
    const { type, sha256, size, placeholder } = file;
    const { from, to } = moveOf(file.path, moves);
    const inside = file.path.slice(from.length);
    const path = to + inside;
    if (isPlain(file)) {
      if (without.get(to)?.has(inside) !== true) paths.push({ path, type: 'hardlink', sha256, size, inPrefix: sha256 });
    } else if (type === 'directory') paths.push({ path, type });
    else if (entries.get(path)?.owner === owner) {
      if (type === 'link') paths.push({ path, type: 'softlink', sha256, size, inPrefix: sha256 });
      else if (placeholder === undefined) paths.push({ path, type: 'hardlink', sha256, size, inPrefix: sha256 });
      else paths.push({ path, type: 'hardlink', sha256, size, placeholder });
    }
  }
  for (const { name } of unpacked.noarch === 'python' ? unpacked.entryPoints : []) {
    const entry = entries.get(`bin/${name}`);
    if (entry?.owner === owner && 'content' in entry)
      paths.push({ path: entry.path, type: 'unix_python_entry_point', inPrefix: entry.sha256, size: entry.size });
  }
  return moves.length === 1 ? paths : paths.sort((a, b) => (a.path < b.path ? -1 : 1));
}
