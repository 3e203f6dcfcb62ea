import { AppError } from '../../errors/index.ts';
import { inParallel } from '../../io/index.ts';
import { formatCount, step } from '../../report/index.ts';
import type { SolvedPackage } from '../../resolve/index.ts';
import type { ListedConda, Platform } from '../../schema/index.ts';
import { readBz2Info, readLocalInfo } from './archive-info.ts';
import { type Channel, resolveChannel } from './channel.ts';
import { measureArchive } from './measure-archive.ts';
import { openSubdir } from './open-subdir.ts';
import type { CondaSolverParts } from './rattler-solver.ts';
import { type RepodataRecord, readRecord } from './repodata-record.ts';
import { toPackage } from './to-package.ts';

const parallel = 8;

/** What the channels say of packages that are named by their files; of what they have no record of (any more), the archive itself is asked. */
export async function describePackages(
  listed: readonly ListedConda[],
  platform: Platform,
  parts: CondaSolverParts,
): Promise<SolvedPackage[]> {
  const folders = Map.groupBy(listed, ({ channel, subdir }) => `${channel}/${subdir}`);
  const described: SolvedPackage[] = [];
  await step(parts.emit, `Looking up ${formatCount(listed.length, 'package')}`, async (current) => {
    for (const packages of folders.values()) {
      const [first] = packages;
      if (first === undefined) continue;
      const [channel] = resolveChannel(first.channel, { ...parts, platform, tokens: parts.credentials.tokens });
      if (channel === undefined) throw new Error(`${first.channel} is no channel`);
      parts.known.add([channel]);
      const records = await readRecords(channel, first.subdir, packages, parts);
      described.push(
        ...(await inParallel(packages, parallel, async (each) => {
          const record = records.get(each.filename) ?? (await readArchive(each, channel, parts));
          checkDigest(each, record);
          return await toPackage({ ...record, sha256: each.sha256 ?? record.sha256 }, channel, parts);
        })),
      );
    }
    current.finish('done', formatCount(described.length, 'package'));
  });
  return described;
}

async function readRecords(
  channel: Channel,
  subdirName: string,
  packages: readonly ListedConda[],
  { http, storeRoot, offline, signal }: CondaSolverParts,
): Promise<Map<string, RepodataRecord>> {
  const records = new Map<string, RepodataRecord>();
  const tools = { http, storeRoot, offline, signal, onBytes: () => undefined, refresh: false };
  const subdir = await openSubdir(channel, subdirName, tools);
  if (subdir === undefined) return records;
  try {
    const wanted = new Set(packages.map(({ filename }) => filename));
    for (const [filename, value] of await subdir.find(packages.map(({ name }) => name))) {
      if (!wanted.has(filename)) continue;
      const record = readRecord(filename, value, subdir);
      if (!('odd' in record)) records.set(filename, record);
    }
    return records;
  } finally {
    await subdir.close();
  }
}

/** `info/index.json` of the archive, which is fetched for it and kept. */
async function readArchive(listed: ListedConda, channel: Channel, parts: CondaSolverParts): Promise<RepodataRecord> {
  const { filename, url, subdir, name, version, build } = listed;
  const bare: RepodataRecord = {
    filename,
    url,
    subdir,
    name,
    version,
    build,
    buildNumber: 0,
    depends: [],
    constrains: [],
    sha256: listed.sha256,
    md5: listed.md5,
    size: undefined,
    noarch: undefined,
    license: undefined,
    timestamp: undefined,
    trackFeatures: '',
    sitePackagesPath: undefined,
  };
  const measured = await measureArchive(bare, channel, parts);
  const path = await parts.findArchive(measured.sha256);
  if (path === undefined) throw new Error(`${filename} was kept, and is not there`);
  const wanted = ['info/index.json'];
  const info = filename.endsWith('.tar.bz2') ? await readBz2Info(path, wanted) : await readLocalInfo(path, wanted);
  const index = info.get('info/index.json')?.toString('utf8');
  const record =
    index === undefined
      ? { odd: 'it has no `info/index.json`' }
      : readRecord(filename, JSON.parse(index), { subdir, packages: url.slice(0, url.lastIndexOf('/')) });
  if ('odd' in record) {
    throw new AppError('CORRUPT_ARCHIVE', `\`${filename}\` of ${channel.name} cannot be read: ${record.odd}`, {
      hint: 'Tell those who run the channel.',
    });
  }
  return { ...record, ...measured, url };
}

function checkDigest(listed: ListedConda, record: RepodataRecord): void {
  const differs = (['sha256', 'md5'] as const).find(
    (kind) => listed[kind] !== undefined && record[kind] !== undefined && listed[kind] !== record[kind],
  );
  if (differs === undefined) return;
  throw new AppError('DIGEST_MISMATCH', `the channel has another \`${listed.filename}\` than the one that was locked`, {
    hint: 'The file was changed in its channel. Lock again with the tool that made the lock, or take the package from another channel.',
    details: { url: listed.url, locked: listed[differs], offered: record[differs] },
  });
}
