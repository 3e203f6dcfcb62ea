import { describe, expect, it } from 'vitest';
import { matchesMarker } from './match-marker.ts';

const linux = {
  os_name: 'posix',
  sys_platform: 'linux',
  platform_machine: 'x86_64',
  platform_system: 'Linux',
  platform_python_implementation: 'CPython',
  python_version: '3.11',
  python_full_version: '3.11.4',
  extra: '',
  extras: [] as string[],
  dependency_groups: ['dev'],
};

describe('matchesMarker', () => {
  it.each<[string, boolean | undefined]>([
    ["sys_platform == 'linux'", true],
    ['sys_platform == "win32"', false],
    ["'linux' == sys_platform", true],
    ["sys_platform != 'win32' and platform_machine == 'x86_64'", true],
    ["sys_platform == 'win32' or sys_platform == 'darwin'", false],
    ["(sys_platform == 'win32' or sys_platform == 'linux') and python_version >= '3.9'", true],
    ["sys_platform == 'win32' or sys_platform == 'linux' and python_version < '3.9'", false],
    ["python_version >= '3.9'", true],
    ["python_version < '3.9'", false],
    // As versions: 3.9 comes before 3.11.
    ["python_version > '3.9'", true],
    ["python_full_version >= '3.11.5'", false],
    ["python_version ~= '3.10'", true],
    ["python_version == '3.*'", true],
    ["python_version in '3.10 3.11'", true],
    ["python_version not in '3.10 3.12'", true],
    ["os.name == 'posix'", true],
    ["extra == 'test'", false],
    ["'dev' in dependency_groups", true],
    ["'docs' in dependency_groups or 'fast' in extras", false],
    ["'docs' not in extras", true],
    // No markers.
    ['', undefined],
    ["sys_platform = 'linux'", undefined],
    ["sys_platform == 'linux' and", undefined],
    ["(sys_platform == 'linux'", undefined],
    ["colour == 'red'", undefined],
    ["sys_platform == 'linux' 'again'", undefined],
    ["extras == 'a'", undefined],
  ])('%s: %s', (marker, wanted) => {
    expect(matchesMarker(marker, linux)).toBe(wanted);
  });
});
