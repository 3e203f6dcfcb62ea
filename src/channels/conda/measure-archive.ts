import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import { createTemporaryFolder, type Http, readTextIfExists, removeTree, writeAtomically } from '../../io/index.ts';
import { sha256 as sha256Of } from '../../schema/index.ts';
import type { Archives } from './archives.ts';
import type { Channel } from './channel.ts';
import { fetchArchive } from './fetch-archive.ts';
import type { RepodataRecord } from './repodata-record.ts';

const Measured = z.object({ sha256: z.string(), size: z.number() });
type Measured = z.infer<typeof Measured>;

export interface MeasureTools {
  http: Http;
  storeRoot: string;
  signal?: AbortSignal;
  archives: Pick<Archives, 'keep'>;
}

/**
 * Digest and size of a package, which a lock cannot do without. Where the channel does not tell both, the archive is fetched once, held against
 * what it does tell, and kept.
 */
export async function measureArchive(record: RepodataRecord, channel: Channel, tools: MeasureTools): Promise<Measured> {
  const { sha256, size } = record;
  if (sha256 !== undefined && size !== undefined) return { sha256, size };
  return (await knownMeasure(record, tools)) ?? (await bringArchive(record, channel, tools));
}

/** What was measured before. */
export async function knownMeasure(record: RepodataRecord, tools: MeasureTools): Promise<Measured | undefined> {
  // Without any digest another file may stand there by now; with one, it is the same.
  return (record.md5 ?? record.sha256) === undefined ? undefined : await readNote(notePath(record, tools));
}

/** Fetches an archive, holds it against its record, and keeps it, unless `look` finds something wrong with it. */
export async function bringArchive(
  record: RepodataRecord,
  channel: Channel,
  tools: MeasureTools,
  look: (file: string) => Promise<void> = async () => await Promise.resolve(),
): Promise<Measured> {
  const { url, sha256, size, md5, filename } = record;
  const folder = await createTemporaryFolder(join(tools.storeRoot, 'tmp'), 'measure-');
  try {
    const file = join(folder, filename);
    await fetchArchive({ url, sha256, size }, file, { ...tools, channels: [channel] });
    if (md5 !== undefined && (await md5Of(file)) !== md5) {
      throw new AppError(
        'DIGEST_MISMATCH',
        `\`${filename}\` of the channel \`${channel.name}\` has another MD5 digest than its record`,
        {
          hint: 'The file was changed, or something between here and the server answers in its place. Nothing was kept.',
          details: { channel: channel.url, url },
        },
      );
    }
    await look(file);
    const measured = await tools.archives.keep(file);
    await writeAtomically(notePath(record, tools), JSON.stringify(measured));
    return measured;
  } finally {
    await removeTree(folder);
  }
}

function notePath({ url, md5, sha256 }: RepodataRecord, { storeRoot }: MeasureTools): string {
  return join(storeRoot, 'measured', `${sha256Of(`${url} ${md5 ?? ''} ${sha256 ?? ''}`)}.json`);
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function readNote(path: string): Promise<Measured | undefined> {
  const text = await readTextIfExists(path);
  try {
    return text === undefined ? undefined : Measured.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
