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
}

/**
 * Every record that a solve of these names can touch: theirs, and those of everything that they may require, by name. Of a package in both formats
 * the newer one counts. `only` says of some names which channels count for them.
 * @throws AppError that names the channel.
 */
export async function collectRecords(
  channels: readonly OpenChannel[],
  names: readonly string[],
  { only, onNames }: { only: ReadonlyMap<string, ReadonlySet<string>>; onNames?: (count: number) => void },
): Promise<Collected> {
  const found = channels.map(({ channel }) => ({ channel, records: new Map<string, RepodataRecord>() }));
  const odd: Collected['odd'] = [];
  const seen = new Set<string>();
  let wave = [...new Set(names)].filter((name) => !name.startsWith('__'));
  while (wave.length > 0) {
    for (const name of wave) seen.add(name);
    onNames?.(seen.size);
    const sorted = [...wave].sort();
    const answers = await Promise.all(
      channels.flatMap(({ channel, subdirs }, index) => {
        const asked = sorted.filter((name) => only.get(name)?.has(channel.url) ?? true);
        return asked.length === 0
          ? []
          : subdirs.map(async (subdir) => ({ index, subdir, entries: await subdir.find(asked) }));
      }),
    );
    const next = new Set<string>();
    for (const { index, subdir, entries } of answers) {
      const { channel, records } = found[index] as (typeof found)[number];
      for (const [filename, value] of entries) {
        const record = read(channel, subdir, filename, value);
        if ('odd' in record) odd.push({ channel, filename: `${subdir.subdir}/${filename}`, why: record.odd });
        else addRecord(records, record, next);
      }
    }
    wave = [...next].filter((name) => name !== '' && !name.startsWith('__') && !seen.has(name));
  }
  return { channels: found.map(({ channel, records }) => ({ channel, records: [...records.values()] })), odd };
}

function read(channel: Channel, subdir: Subdir, filename: string, value: unknown): ReturnType<typeof readRecord> {
  try {
    return readRecord(filename, value, subdir);
  } catch (error) {
    throw brokenRepodata(channel, `${subdir.subdir}/repodata.json`, error instanceof Error ? error.message : '', error);
  }
}

function addRecord(records: Map<string, RepodataRecord>, record: RepodataRecord, names: Set<string>): void {
  const key = `${record.subdir}/${record.filename.replace(/\.(?:conda|tar\.bz2)$/, '')}`;
  const before = records.get(key);
  if (before?.filename.endsWith('.conda') === true) return;
  records.set(key, record);
  for (const spec of record.depends) names.add(condaName(spec));
}
