import { AppError } from '../../errors/index.ts';
import { inParallel } from '../../io/index.ts';
import { formatCount, step } from '../../report/index.ts';
import type { SolvedPackage } from '../../resolve/index.ts';
import type { ListedConda, Platform } from '../../schema/index.ts';
import { type ArchiveFiles, badArchive } from './archives.ts';
import { type Channel, resolveChannel } from './channel.ts';
import { bringArchive, knownMeasure } from './measure-archive.ts';
import { openSubdir } from './open-subdir.ts';
import type { CondaSolverParts } from './rattler-solver.ts';
import { type RepodataRecord, readRecord } from './repodata-record.ts';
import { toPackage } from './to-package.ts';

const parallel = 8;
const indexPath = 'info/index.json';

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

/** `info/index.json` of the archive, which is fetched for it, and kept if it makes sense. */
async function readArchive(listed: ListedConda, channel: Channel, parts: CondaSolverParts): Promise<RepodataRecord> {
  const { filename, subdir } = listed;
  const packages = `${channel.url}/${subdir}`;
  const bare = bareRecord(listed, packages);
  const { archives, signal } = parts;
  const question = { filename, wanted: [indexPath], signal };
  try {
    const sha256 = bare.sha256 ?? (await knownMeasure(bare, parts))?.sha256;
    const size = sha256 === undefined ? undefined : await archives.sizeOf(sha256);
    if (sha256 !== undefined && size !== undefined)
      return { ...readIndex(await archives.readKept(sha256, question), bare, packages), sha256, size };
    let record = bare;
    const measured = await bringArchive(bare, channel, parts, async (file) => {
      record = readIndex(await archives.read(file, question), bare, packages);
    });
    return { ...record, ...measured };
  } catch (error) {
    throw badArchive({ filename, channel: channel.name }, error);
  }
}

/** @throws Error for an index that is none, or that of another package. */
function readIndex(files: ArchiveFiles, { filename, subdir, url }: RepodataRecord, packages: string): RepodataRecord {
  const index = files.get(indexPath)?.toString('utf8');
  if (index === undefined) throw new Error(`it has no \`${indexPath}\``);
  const record = readRecord(filename, JSON.parse(index), { subdir, packages });
  if ('odd' in record) throw new Error(record.odd);
  return { ...record, url };
}

/** So far as the list tells. Its own address may carry credentials, which are the channel's to send, and no lock's to have. */
function bareRecord(
  { filename, url, subdir, name, version, build, sha256, md5 }: ListedConda,
  packages: string,
): RepodataRecord {
  return {
    filename,
    url: `${packages}/${url.slice(url.lastIndexOf('/') + 1)}`,
    subdir,
    name,
    version,
    build,
    buildNumber: 0,
    depends: [],
    constrains: [],
    sha256,
    md5,
    size: undefined,
    noarch: undefined,
    license: undefined,
    timestamp: undefined,
    trackFeatures: '',
    sitePackagesPath: undefined,
  };
}

function checkDigest(listed: ListedConda, record: RepodataRecord): void {
  const differs = (['sha256', 'md5'] as const).find(
    (kind) => listed[kind] !== undefined && record[kind] !== undefined && listed[kind] !== record[kind],
  );
  if (differs === undefined) return;
  throw new AppError('DIGEST_MISMATCH', `the channel has another \`${listed.filename}\` than the one that was locked`, {
    hint: 'The file was changed in its channel. Lock again with the tool that made the lock, or take the package from another channel.',
    details: { url: record.url, locked: listed[differs], offered: record[differs] },
  });
}
