import { expect, it } from 'vitest';
import { condaLockOf } from '../../../test/kit/conda-folder.ts';
import type { Lock } from '../../schema/index.ts';
import { checkMachine, type MachineOffer } from './check-machine.ts';

function lockWith(
  virtualPackages: Record<string, string>,
  { conda = true, platform = 'linux-64' as Lock['platform'] } = {},
): Lock {
  const lock = condaLockOf([]);
  return {
    ...lock,
    platform,
    inputs: { ...lock.inputs, virtualPackages },
    packages: conda ? [{ ...paper, kind: 'conda' }] : [],
  };
}

const paper = {
  name: 'a',
  version: '1',
  build: '0',
  buildNumber: 0,
  filename: 'a-1-0.conda',
  url: 'https://conda.example/c/linux-64/a-1-0.conda',
  channel: 'c',
  subdir: 'linux-64',
  sha256: 'a'.repeat(64),
  size: 1,
  depends: [],
  constrains: [],
  dependencies: [],
  requested: false,
};

const offer = (
  more: Partial<Record<'platform' | 'glibc' | 'cuda' | 'macos', string | undefined>> & { level?: number } = {},
): MachineOffer => ({
  platform: 'platform' in more ? (more.platform as Lock['platform']) : 'linux-64',
  glibc: 'glibc' in more ? more.glibc : '2.36',
  cuda: async () => more.cuda,
  macos: async () => more.macos,
  level: () => more.level,
});

it.each([
  ['nothing asked', {}, offer({ glibc: undefined })],
  ['the same glibc', { __glibc: '2.36' }, offer()],
  ['an older glibc asked', { __glibc: '2.9' }, offer()],
  ['a newer driver than asked', { __cuda: '12.4' }, offer({ cuda: '12.10' })],
  ['a processor that is good enough', { __archspec: 'x86_64_v3' }, offer({ level: 4 })],
  ['a processor that nobody can compare', { __archspec: 'power9le' }, offer({ level: 1 })],
  ['a processor that does not tell', { __archspec: 'x86_64_v4' }, offer()],
] as [string, Record<string, string>, MachineOffer][])('takes %s', async (_what, asked, machine) => {
  await expect(checkMachine(lockWith(asked), machine)).resolves.toBeUndefined();
});

it.each([
  [
    'another platform',
    {},
    offer({ platform: 'osx-arm64' }),
    'the lock is for linux-64, and this machine is osx-arm64',
    /--platform osx-arm64/,
  ],
  [
    'an unknown platform',
    {},
    offer({ platform: undefined }),
    'the lock is for linux-64, and this machine is of another kind',
    /--platform/,
  ],
  [
    'an old glibc',
    { __glibc: '2.39' },
    offer(),
    'the lock needs glibc 2.39, and this machine has 2.36',
    /glibc: "2.36"/,
  ],
  [
    'no glibc',
    { __glibc: '2.28' },
    offer({ glibc: undefined }),
    'the lock needs glibc 2.28, and this machine has none',
    /container/,
  ],
  [
    'no driver',
    { __cuda: '12.4' },
    offer(),
    'the lock needs a driver for CUDA 12.4, and this machine has none',
    /NVIDIA driver/,
  ],
  [
    'a driver that is hidden',
    { __cuda: '12.4' },
    offer({ cuda: '' }),
    'the lock needs a driver for CUDA 12.4, and this machine has none',
    /CONDA_OVERRIDE_CUDA/,
  ],
  [
    'an old driver',
    { __cuda: '12.10' },
    offer({ cuda: '12.4' }),
    'the lock needs a driver for CUDA 12.10, and this machine has 12.4',
    /Update/,
  ],
  [
    'an old processor',
    { __archspec: 'skylake_avx512' },
    offer({ level: 3 }),
    'the lock needs a processor like skylake_avx512 (x86_64_v4), and this machine has x86_64_v3',
    /archspec/,
  ],
  [
    'a very old processor',
    { __archspec: 'x86_64_v3' },
    offer({ level: 1 }),
    'the lock needs a processor like x86_64_v3, and this machine has x86_64',
    /archspec/,
  ],
] as [string, Record<string, string>, MachineOffer, string, RegExp][])(
  'refuses %s',
  async (_what, asked, machine, message, hint) => {
    await expect(checkMachine(lockWith(asked), machine)).rejects.toMatchObject({
      code: 'MACHINE_MISMATCH',
      message,
      hint: expect.stringMatching(hint),
    });
  },
);

it('asks for macOS, and lets wheels alone run without glibc', async () => {
  const mac = (macos: string | undefined): MachineOffer => offer({ platform: 'osx-arm64', macos });
  await expect(
    checkMachine(lockWith({ __osx: '13.0' }, { platform: 'osx-arm64' }), mac('14.5')),
  ).resolves.toBeUndefined();
  await expect(checkMachine(lockWith({ __osx: '13.0' }, { platform: 'osx-arm64' }), mac('12.7'))).rejects.toMatchObject(
    {
      message: 'the lock needs macOS 13.0, and this machine has 12.7',
    },
  );
  await expect(
    checkMachine(lockWith({ __glibc: '2.28' }, { conda: false }), offer({ glibc: undefined })),
  ).resolves.toBeUndefined();
});
