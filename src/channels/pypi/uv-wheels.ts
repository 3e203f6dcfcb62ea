import type { Platform } from '../../schema/index.ts';

/** The uv that is brought where there is none. */
export const uvVersion = '0.13.9';

/** Its wheels, with the digests that they must have. */
export const uvWheels: readonly { platform: Platform; musl: boolean; filename: string; sha256: string }[] = [
  {
    platform: 'linux-64',
    musl: false,
    filename: 'uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    sha256: 'd7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19',
  },
  {
    platform: 'linux-64',
    musl: true,
    filename: 'uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl',
    sha256: '2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25',
  },
  // One wheel serves glibc and musl here.
  {
    platform: 'linux-aarch64',
    musl: false,
    filename: 'uv-0.13.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl',
    sha256: '5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe',
  },
  {
    platform: 'linux-aarch64',
    musl: true,
    filename: 'uv-0.13.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl',
    sha256: '5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe',
  },
  {
    platform: 'osx-arm64',
    musl: false,
    filename: 'uv-0.13.9-py3-none-macosx_11_0_arm64.whl',
    sha256: '66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63',
  },
  {
    platform: 'osx-64',
    musl: false,
    filename: 'uv-0.13.9-py3-none-macosx_10_12_x86_64.whl',
    sha256: 'c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5',
  },
];
