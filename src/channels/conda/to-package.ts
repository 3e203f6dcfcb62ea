import type { SolvedPackage } from '../../resolve/index.ts';
import type { Channel } from './channel.ts';
import { type MeasureTools, measureArchive } from './measure-archive.ts';
import type { RepodataRecord } from './repodata-record.ts';

/** A record as a lock has it, with digest and size, whether the channel tells them or not. */
export async function toPackage(record: RepodataRecord, channel: Channel, tools: MeasureTools): Promise<SolvedPackage> {
  const { filename, url, subdir, name, version, build, buildNumber, depends, constrains, md5 } = record;
  const { noarch, license, sitePackagesPath } = record;
  const { sha256, size } = await measureArchive(record, channel, tools);
  return {
    kind: 'conda',
    name,
    version,
    build,
    buildNumber,
    filename,
    url,
    channel: channel.url,
    subdir,
    sha256,
    md5,
    size,
    noarch,
    license,
    depends,
    constrains,
    sitePackagesPath,
  };
}
