import { AppError } from '../../errors/index.ts';
import { cudaVersion, currentPlatform, libcVersion, macosVersion, processorLevel } from '../../io/index.ts';
import type { Lock, Platform } from '../../schema/index.ts';

/** What a machine offers, as far as locks ask for it. */
export interface MachineOffer {
  platform: Platform | undefined;
  glibc: string | undefined;
  /** Looked up only for locks that ask for it. */
  cuda(): Promise<string | undefined>;
  macos(): Promise<string | undefined>;
  /** The level of x86-64, 1–4. */
  level(): number | undefined;
}

export function thisMachine(env: Record<string, string | undefined>): MachineOffer {
  return {
    platform: currentPlatform(),
    glibc: libcVersion(),
    cuda: async () => env.CONDA_OVERRIDE_CUDA ?? (await cudaVersion(env)),
    macos: async () => await macosVersion(env),
    level: () => processorLevel(),
  };
}

/**
 * Holds a machine against what the lock was made for.
 * @throws AppError MACHINE_MISMATCH that names what is needed, what is there, and what to do.
 */
export async function checkMachine({ platform, inputs, packages }: Lock, offer: MachineOffer): Promise<void> {
  if (offer.platform !== platform) {
    throw new AppError(
      'MACHINE_MISMATCH',
      `the lock is for ${platform}, and this machine is ${offer.platform ?? 'of another kind'}`,
      { hint: `Lock for this platform: \`terroir env lock REFERENCE --platform ${offer.platform ?? 'linux-64'}\`.` },
    );
  }
  const { __glibc: glibc, __cuda: cuda, __osx: osx, __archspec: archspec } = inputs.virtualPackages;
  const hasConda = packages.some(({ kind }) => kind === 'conda');
  if (glibc !== undefined && (offer.glibc !== undefined || hasConda))
    refuseOlder(
      'glibc',
      glibc,
      offer.glibc,
      `Say what the machines have: \`system_requirements: {glibc: "${offer.glibc}"}\`, and lock again.`,
    );
  if (osx !== undefined && hasConda)
    refuseOlder('macOS', osx, await offer.macos(), 'Run it on a machine with a newer macOS.');
  if (cuda !== undefined)
    refuseOlder(
      'a driver for CUDA',
      cuda,
      await offer.cuda(),
      'Update the NVIDIA driver, run it on a machine that has one, or lower `system_requirements: {cuda: …}` and lock again. CONDA_OVERRIDE_CUDA overrules what is found.',
    );
  if (archspec !== undefined) checkLevel(archspec, offer.level());
}

function refuseOlder(what: string, wanted: string, found: string | undefined, hint: string): void {
  const version = found === '' ? undefined : found;
  if (version !== undefined && compareDotted(version, wanted) >= 0) return;
  throw new AppError(
    'MACHINE_MISMATCH',
    `the lock needs ${what} ${wanted}, and this machine has ${version ?? 'none'}`,
    {
      hint:
        version === undefined && what === 'glibc'
          ? 'conda’s packages for Linux are made for glibc: use another system or a container.'
          : hint,
    },
  );
}

/** Processors by the level that they have at least; others can only be taken on trust. */
const levelOf: Readonly<Record<string, number>> = {
  x86_64: 1,
  x86_64_v2: 2,
  nehalem: 2,
  westmere: 2,
  sandybridge: 2,
  ivybridge: 2,
  x86_64_v3: 3,
  haswell: 3,
  broadwell: 3,
  skylake: 3,
  zen: 3,
  zen2: 3,
  zen3: 3,
  x86_64_v4: 4,
  skylake_avx512: 4,
  cascadelake: 4,
  icelake: 4,
  sapphirerapids: 4,
  zen4: 4,
  zen5: 4,
};

function checkLevel(archspec: string, found: number | undefined): void {
  const wanted = levelOf[archspec];
  if (wanted === undefined || found === undefined || found >= wanted) return;
  throw new AppError(
    'MACHINE_MISMATCH',
    `the lock needs a processor like ${archspec}${archspec === name(wanted) ? '' : ` (${name(wanted)})`}, and this machine has ${name(found)}`,
    { hint: 'Say what the machines have: `system_requirements: {archspec: …}`, and lock again.' },
  );
}

function name(level: number): string {
  return level === 1 ? 'x86_64' : `x86_64_v${level}`;
}

function compareDotted(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
