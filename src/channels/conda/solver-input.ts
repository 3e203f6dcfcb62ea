import { condaName } from '../../requirements/index.ts';
import type { Platform } from '../../schema/index.ts';
import type { ChannelRecords } from './collect-records.ts';
import { readMatchSpec } from './match-spec.ts';
import type { RepodataRecord } from './repodata-record.ts';

/** What the solver's thread gets: nothing in it leads anywhere but to itself. */
export interface SolverInput {
  specs: string[];
  platform: Platform;
  channels: SolverChannel[];
  locked: SolverLocked[];
}

/** What it answers. Addresses are those of the input. */
export type SolverAnswer =
  | { kind: 'solved'; urls: string[] }
  /** In the solver's own words. */
  | { kind: 'unsolvable'; explanation: string }
  /** It ended with its thread; `exhausted` where memory was the reason. */
  | { kind: 'died'; exhausted: boolean; reason: string };

export interface SolverChannel {
  /** `https://channel-0.invalid` */
  url: string;
  /** Folder → its repodata as JSON. */
  subdirs: Record<string, Uint8Array>;
}

/** A package of an earlier lock, in the form that the solver takes. */
export interface SolverLocked {
  url: string;
  packageName: string;
  version: string;
  build: string;
  buildNumber: number;
  repoName: string;
  filename: string;
  depends: string[];
  subdir: string;
}

/** Addresses that exist nowhere, so that no mistake can make the solver ask somebody. */
export function solverAddress(index: number): string {
  return `https://channel-${index}.invalid`;
}

const encoder = new TextEncoder();
const virtualAddress = 'https://virtual.invalid';
const virtualPrefix = `${virtualAddress}/noarch/`;

/** True for the address of a virtual package, or of a note about channels. */
export function isVirtual(url: string): boolean {
  return url.startsWith(virtualPrefix);
}

export interface SolverInputParts {
  specs: readonly string[];
  platform: Platform;
  channels: readonly ChannelRecords[];
  /** Name → version and build. */
  virtualPackages: Readonly<Record<string, { version: string; build: string }>>;
  /** By address, without credentials: `url` of records. */
  locked: ReadonlySet<string>;
  /** The channels (by position) that a text before `::` stands for. */
  channelsOf: (text: string) => readonly number[];
}

/** Addresses, `channel::` and virtual packages in the form that the solver can bear. */
export function solverInput(parts: SolverInputParts): SolverInput {
  const { specs, platform, channels, virtualPackages, locked } = parts;
  const marks = createMarks(parts.channelsOf, channels.length);
  for (const { records } of channels) for (const { depends } of records) for (const spec of depends) marks.read(spec);
  const input: SolverInput = { specs: [...specs], platform, channels: [], locked: [] };
  for (const [index, { records }] of channels.entries()) {
    const url = solverAddress(index);
    const bySubdir = Map.groupBy(records, ({ subdir }) => subdir);
    const subdirs: Record<string, Uint8Array> = {};
    for (const subdir of [platform, 'noarch'])
      subdirs[subdir] = repodata((bySubdir.get(subdir) ?? []).map((record) => marked(record, index, marks)));
    input.channels.push({ url, subdirs });
    for (const record of records) {
      if (locked.has(record.url)) input.locked.push(toLocked(marked(record, index, marks), url));
    }
  }
  input.channels.push({
    url: virtualAddress,
    subdirs: { [platform]: repodata([]), noarch: virtualRepodata(virtualPackages, marks) },
  });
  return input;
}

/**
 * A dependency on a package of a certain channel (`channel::name`) is turned into two: on the name, and on a note `__channel_of_name` that every
 * package of the name carries with its channel as version. Where nobody asks, there are no notes.
 */
interface Marks {
  /** What a dependency is for the solver. Many records have the same ones. */
  read: (spec: string) => readonly string[];
  /** Of those that somebody wants of a certain channel, as far as they have been read. */
  names: ReadonlySet<string>;
  channels: number;
}

function createMarks(channelsOf: SolverInputParts['channelsOf'], channels: number): Marks {
  const names = new Set<string>();
  const known = new Map<string, readonly string[]>();
  const read = (spec: string): readonly string[] => {
    if (namesChannel(spec)) names.add(condaName(spec));
    return plainDependency(spec, channelsOf).map(withBlank);
  };
  return {
    names,
    channels,
    read: (spec) => {
      const before = known.get(spec);
      if (before !== undefined) return before;
      const plain = read(spec);
      known.set(spec, plain);
      return plain;
    },
  };
}

function namesChannel(spec: string): boolean {
  return spec.includes('::') || /\[[^\]]*\bchannel\s*=/.test(spec);
}

function marked(record: RepodataRecord, index: number, marks: Marks): RepodataRecord {
  const depends = record.depends.flatMap(marks.read);
  if (marks.names.has(record.name)) depends.push(`${markOf(record.name)} ${index}`);
  const constrains = record.constrains.map((spec) => (namesChannel(spec) ? (readMatchSpec(spec)?.text ?? '') : spec));
  return { ...record, depends, constrains: constrains.filter((spec) => spec !== '') };
}

/** The solver looks for the name of a dependency up to a blank. */
function withBlank(spec: string): string {
  return spec.replace(/^([\w.-]+)(?=[<>=!~])/, '$1 ');
}

function plainDependency(spec: string, channelsOf: SolverInputParts['channelsOf']): string[] {
  if (!namesChannel(spec)) return [spec];
  const read = readMatchSpec(spec);
  // The solver says of such a package that it is left out, and why.
  if (read === undefined) return [spec.replaceAll('::', ' ').replace(/\[.*$/s, '[')];
  const allowed = channelsOf(read.channel ?? '');
  return [read.text, `${markOf(read.name)} ${allowed.length === 0 ? 'none' : allowed.join('|')}`];
}

function markOf(name: string): string {
  return `__channel_of_${name}`;
}

/** Only what the solver reads: every byte less is memory less. In an array buffer of its own, so that it can be handed over. */
function repodata(records: readonly RepodataRecord[]): Uint8Array {
  const packages: string[] = [];
  const conda: string[] = [];
  for (const record of records) {
    const { filename, name, version, build, buildNumber, depends, constrains, noarch, timestamp, trackFeatures } =
      record;
    const text = JSON.stringify({
      name,
      version,
      build,
      build_number: buildNumber,
      depends,
      constrains,
      noarch,
      timestamp,
      track_features: trackFeatures === '' ? undefined : trackFeatures,
      subdir: record.subdir,
    });
    (filename.endsWith('.conda') ? conda : packages).push(`${JSON.stringify(filename)}:${text}`);
  }
  return encoder.encode(`{"info":{},"packages":{${packages.join(',')}},"packages.conda":{${conda.join(',')}}}`);
}

function toLocked(record: RepodataRecord, channel: string): SolverLocked {
  const { name, version, build, buildNumber, filename, depends, subdir } = record;
  return {
    url: `${channel}/${subdir}/${filename}`,
    packageName: name,
    version,
    build,
    buildNumber,
    repoName: `${channel}/`,
    filename,
    depends,
    subdir,
  };
}

function virtualRepodata(virtualPackages: SolverInputParts['virtualPackages'], { names, channels }: Marks): Uint8Array {
  const all: [string, string, string][] = Object.entries(virtualPackages).map(([name, { version, build }]) => [
    name,
    version,
    build,
  ]);
  for (const name of names) {
    for (let index = 0; index < channels; index += 1) all.push([markOf(name), String(index), '0']);
  }
  const entries = all.map(([name, version, build]) => {
    const record = { name, version, build, build_number: 0, depends: [], subdir: 'noarch' };
    return `${JSON.stringify(`${name}-${version}-${build}.conda`)}:${JSON.stringify(record)}`;
  });
  return encoder.encode(`{"info":{},"packages":{},"packages.conda":{${entries.join(',')}}}`);
}
