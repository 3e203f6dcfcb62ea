import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { networkFileSystem, networkFileSystemOf } from './network-file-system.ts';

describe('networkFileSystem', () => {
  it.each([
    ['ext4', 0xef53, undefined],
    ['xfs', 0x58465342, undefined],
    ['btrfs', 0x9123683e, undefined],
    ['tmpfs', 0x01021994, undefined],
    ['overlay', 0x794c7630, undefined],
    ['NFS', 0x6969, 'NFS'],
    ['CIFS', 0xff534d42, 'CIFS'],
    ['CIFS where the type is signed', 0xff534d42 | 0, 'CIFS'],
    ['SMB2', 0xfe534d42 | 0, 'SMB2'],
    ['sshfs and its like', 0x65735546, 'FUSE'],
    ['a Windows drive in WSL', 0x01021997, '9p'],
  ])('knows %s', (_title, type, expected) => {
    expect(networkFileSystemOf(type)).toBe(expected);
  });

  it('asks the system', () => {
    expect(networkFileSystem(tmpdir())).toBeUndefined();
    expect(() => networkFileSystem('/does/not/exist')).toThrow('/does/not/exist');
  });
});
