import type { Subdir } from './open-subdir.ts';
import { leavesFolder, parsePackageFilename } from './package-filename.ts';

/** A package that a channel offers, as its (patched) record says. */
export interface RepodataRecord {
  filename: string;
  /** Without credentials. */
  url: string;
  subdir: string;
  name: string;
  version: string;
  build: string;
  buildNumber: number;
  depends: string[];
  constrains: string[];
  sha256: string | undefined;
  md5: string | undefined;
  size: number | undefined;
  noarch: 'python' | 'generic' | undefined;
  license: string | undefined;
  /** Milliseconds or seconds since 1970, as it is. */
  timestamp: number | undefined;
  trackFeatures: string;
  sitePackagesPath: string | undefined;
}

/** What is wrong with a record; a package like that is never chosen. */
export interface OddRecord {
  odd: string;
}

/**
 * Reads a record of the channel. One that contradicts its own file name, its folder or the form of records is not believed.
 * @throws Error for a file name that leads out of the folder: no honest channel has one.
 */
export function readRecord(
  filename: string,
  value: unknown,
  { subdir, packages }: Pick<Subdir, 'subdir' | 'packages'>,
): RepodataRecord | OddRecord {
  if (leavesFolder(filename)) throw new Error(`it names a file outside of its folder: ${JSON.stringify(filename)}`);
  const named = parsePackageFilename(filename);
  if (named === undefined) return { odd: 'it is no file name of a package' };
  if (typeof value !== 'object' || value === null) return { odd: 'its record is no object' };
  const record = value as Record<string, unknown>;
  const { name, version, build } = record;
  if (typeof name !== 'string' || typeof version !== 'string' || typeof build !== 'string')
    return { odd: 'its record has no name, version or build' };
  if (name.toLowerCase() !== named.name.toLowerCase()) return { odd: `its record says that it is \`${name}\`` };
  if (version !== named.version) return { odd: `its record says that its version is \`${version}\`` };
  if (!isVersion(version)) return { odd: `its version \`${version}\` is none` };
  if (build !== named.build) return { odd: `its record says that its build is \`${build}\`` };
  if (record.subdir !== undefined && record.subdir !== null && record.subdir !== subdir)
    return { odd: `its record says that it is for \`${String(record.subdir)}\`` };
  const buildNumber = wholeNumber(record.build_number ?? 0);
  if (buildNumber === undefined) return { odd: 'its build number is none' };
  const depends = texts(record.depends);
  const constrains = texts(record.constrains);
  if (depends === undefined || constrains === undefined) return { odd: 'its dependencies are no list of texts' };
  return {
    filename,
    url: `${packages}/${filename}`,
    subdir,
    name: named.name.toLowerCase(),
    version,
    build,
    buildNumber,
    depends,
    constrains,
    sha256: hex(record.sha256, 64),
    md5: hex(record.md5, 32),
    size: wholeNumber(record.size),
    noarch: noarchOf(record.noarch),
    license: typeof record.license === 'string' ? record.license : undefined,
    timestamp: wholeNumber(record.timestamp),
    trackFeatures: featuresOf(record.track_features),
    sitePackagesPath: sitePackagesOf(record.python_site_packages_path),
  };
}

/** conda's versions, as far as channels have them: `1!2.0.post1`, `1.1.1w`, `2024a`, `1.0_`, `2.1+cu118`. */
const versionPattern = (() => {
  const part = '[0-9a-z]+(?:[._][0-9a-z]+)*_{0,2}';
  // Longer numbers overflow in the solver.
  return new RegExp(`^(?!.*\\d{19})(?:\\d+!)?${part}(?:\\+${part})?$`, 'i');
})();

function isVersion(text: string): boolean {
  return versionPattern.test(text);
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function texts(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

function hex(value: unknown, length: number): string | undefined {
  if (typeof value !== 'string' || value.length !== length) return undefined;
  const lower = value.toLowerCase();
  return /^[0-9a-f]+$/.test(lower) ? lower : undefined;
}

/** `true` is what records said before there were two kinds. */
function noarchOf(value: unknown): 'python' | 'generic' | undefined {
  if (value === 'python') return 'python';
  return value === 'generic' || value === true ? 'generic' : undefined;
}

function featuresOf(value: unknown): string {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string').join(' ');
  return typeof value === 'string' ? value : '';
}

/** A path inside of the prefix, or nothing. */
function sitePackagesOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.startsWith('/') || value.includes('\\')) return undefined;
  return value.split('/').includes('..') ? undefined : value;
}
