import { inParallel } from '../../io/index.ts';
import { condaName } from '../../requirements/index.ts';
import type { Channel } from './channel.ts';
import { brokenRepodata } from './channel-error.ts';
import type { Subdir } from './open-subdir.ts';
import { type RepodataRecord, readRecord } from './repodata-record.ts';

/** A channel with the folders that count for a platform. */
export interface OpenChannel {
  channel: Channel;
  subdirs: Subdir[];
}

/** What a channel has of the names that can play a part. */
export interface ChannelRecords {
  channel: Channel;
  records: RepodataRecord[];
}

export interface Collected {
  channels: ChannelRecords[];
  /** Packages that contradict themselves: they are never chosen. */
  odd: { channel: Channel; filename: string; why: string }[];
  /** Names that further channels have too, and those. */
  shadowed: Map<string, Channel[]>;
}

/**
 * Every record that a solve of these names can touch: theirs, and those of everything that they may require, by name. The first channel that has a
 * name is the only one for it (strict priority); `only` says of some names which channels count. Of a package in both formats the newer one counts.
 * @throws AppError that names the channel.
 */
export async function collectRecords(
  channels: readonly OpenChannel[],
  names: readonly string[],
  { only, onNames }: { only: ReadonlyMap<string, ReadonlySet<string>>; onNames?: (count: number) => void },
): Promise<Collected> {
  const found = channels.map(({ channel, subdirs }) => ({
    channel,
    subdirs,
    records: new Map<string, RepodataRecord>(),
  }));
  const collected: Collected = { channels: [], odd: [], shadowed: new Map() };
  const seen = new Set<string>();
  let wave = new Set(names);
  while (wave.size > 0) {
    // Many records say the same.
    const specs = new Set<string>();
    for (const name of wave) seen.add(name);
    onNames?.(seen.size);
    const byOwner = Map.groupBy([...wave].sort(), (name) => {
      const having = found.filter(
        ({ channel, subdirs }) => (only.get(name)?.has(channel.url) ?? true) && subdirs.some(({ has }) => has(name)),
      );
      if (having.length > 1)
        collected.shadowed.set(
          name,
          having.slice(1).map(({ channel }) => channel),
        );
      return having[0];
    });
    const questions = [...byOwner].flatMap(([owner, asked]) =>
      owner === undefined ? [] : owner.subdirs.map((subdir) => ({ owner, subdir, asked })),
    );
    const answers = await inParallel(
      questions,
      questions.length,
      async ({ subdir, asked }) => await subdir.find(asked),
    );
    for (const [index, { owner, subdir }] of questions.entries()) {
      const { channel, records } = owner;
      const entries = answers[index] ?? [];
      for (const [filename, value] of entries) {
        const record = read(channel, subdir, filename, value);
        if ('odd' in record) {
          collected.odd.push({ channel, filename: `${subdir.subdir}/${filename}`, why: record.odd });
        } else addRecord(records, record, specs);
      }
    }
    const next = [...specs].map(condaName);
    wave = new Set(next.filter((name) => name !== '' && !name.startsWith('__') && !seen.has(name)));
  }
  collected.channels = found.map(({ channel, records }) => ({ channel, records: [...records.values()] }));
  return collected;
}

function read(channel: Channel, subdir: Subdir, filename: string, value: unknown): ReturnType<typeof readRecord> {
  try {
    return readRecord(filename, value, subdir);
  } catch (error) {
    throw brokenRepodata(channel, `${subdir.subdir}/repodata.json`, error instanceof Error ? error.message : '', error);
  }
}

function addRecord(records: Map<string, RepodataRecord>, record: RepodataRecord, specs: Set<string>): void {
  const key = `${record.subdir}/${record.filename.replace(/\.(?:conda|tar\.bz2)$/, '')}`;
  const before = records.get(key);
  if (before?.filename.endsWith('.conda') === true) return;
  records.set(key, record);
  for (const spec of record.depends) specs.add(spec);
}
