import { statfsSync } from 'node:fs';
import { fsErrorToAppError } from './files.ts';

/** File systems whose locks and shared memory other machines do not see, by the magic numbers of statfs(2). */
const kinds: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x65735546: 'FUSE',
  0x01021997: '9p',
  0x00c36400: 'Ceph',
  0x0bd00bd0: 'Lustre',
  0x47504653: 'GPFS',
  0x19830326: 'BeeGFS',
  0x5346414f: 'AFS',
  0x73757245: 'Coda',
};

/** What kind of network file system (or FUSE, which hides one) holds `folder`; undefined for a local disk. */
export function networkFileSystem(folder: string): string | undefined {
  try {
    return networkFileSystemOf(statfsSync(folder).type);
  } catch (error) {
    throw fsErrorToAppError(error, `look at \`${folder}\``);
  }
}

/** The same, for statfs's `type`, which is signed on some systems. */
export function networkFileSystemOf(type: number): string | undefined {
  return kinds[type >>> 0];
}
