import { AppError } from '../errors/index.ts';
import { currentPlatform, findInterpreter, type Interpreter, libcVersion } from '../io/index.ts';
import { type InstallPlan, type PlanPython, planPrefix } from '../plan/index.ts';
import type { Prefix } from '../prefix/index.ts';
import { type Step, startStep } from '../report/index.ts';
import { addressesOf as addressesOfDefinition } from '../resolve/index.ts';
import type { Lock } from '../schema/index.ts';
import type { EnvironmentVersion } from '../workspace/index.ts';
import type { App } from './app.ts';
import { lockOf } from './bound-lock.ts';
import { fetchPackages } from './fetch-packages.ts';
import { findOrRegister } from './find-or-register.ts';
import { refuseWhatCannotRun } from './runnable.ts';

export interface MaterialisedPrefix {
  prefix: Prefix;
  interpreter: Interpreter;
  outcome: 'cached' | 'made' | 'repaired';
}

/**
 * A lock as a directory on this machine. The machine is held against the lock before anything is fetched.
 * @throws AppError MACHINE_MISMATCH, PYTHON_NOT_FOUND, and what fetching and unpacking throw.
 */
export async function ensurePrefix(app: App, lock: Lock, addresses: readonly string[]): Promise<MaterialisedPrefix> {
  checkMachine(lock);
  const wanted = pythonOf(lock);
  const interpreter = await findInterpreter(app.interpreters, {
    fits: ({ minor }) => minor === wanted,
    subject: `Python ${wanted}, which the lock names,`,
    minor: wanted,
  });
  const python: PlanPython = {
    minor: interpreter.minor,
    version: interpreter.version,
    home: interpreter.home,
    executable: interpreter.executable,
  };
  const key = app.prefixes.key(lock.digest, python);
  const there = await app.prefixes.find(key);
  if (there !== undefined) {
    startStep(app.emit, `Environment of ${lock.packages.length} packages`).finish('cached');
    return { prefix: there, interpreter, outcome: 'cached' };
  }
  const title = `Environment of ${lock.packages.length} packages`;
  let current: Step | undefined;
  // In here, so that nothing of it can be collected before it is linked, and what a repair drops is fetched again.
  const makePlan = async (path: string): Promise<InstallPlan> => {
    const wheels = await fetchPackages(app, lock, addresses);
    current ??= startStep(app.emit, title);
    return planPrefix({ lock, wheels, python, prefix: path });
  };
  try {
    const made = await app.prefixes.ensure(key, makePlan, { signal: app.signal });
    current ??= startStep(app.emit, title);
    current.finish(made.outcome === 'cached' ? 'cached' : 'done', made.outcome === 'repaired' ? 'repaired' : undefined);
    return { ...made, interpreter };
  } catch (error) {
    current?.finish('failed');
    throw error;
  }
}

function pythonOf({ python, packages }: Lock): string {
  if (python !== undefined && packages.every(({ kind }) => kind === 'pypi')) return python.version;
  throw new AppError('UNSUPPORTED_FEATURE', 'the lock has conda packages, and they cannot be installed yet', {
    hint: 'They can be locked and exported: `terroir env lock REFERENCE --export explicit`.',
  });
}

/** The index addresses that a definition names. */
export function addressesOf({ definition }: EnvironmentVersion): string[] {
  return addressesOfDefinition(definition);
}

function checkMachine(lock: Lock): void {
  const platform = currentPlatform();
  if (platform !== lock.platform) {
    throw new AppError(
      'MACHINE_MISMATCH',
      `the lock is for ${lock.platform}, and this machine is ${platform ?? 'of another kind'}`,
      { hint: `Lock for this platform: \`terroir env lock REFERENCE --platform ${platform ?? 'linux-64'}\`.` },
    );
  }
  const wanted = lock.inputs.virtualPackages.__glibc;
  const found = libcVersion();
  if (wanted === undefined || found === undefined) return;
  if (compareDotted(found, wanted) < 0) {
    throw new AppError('MACHINE_MISMATCH', `the lock needs glibc ${wanted}, and this machine has ${found}`, {
      hint: `Say what the machines have: \`system_requirements: {glibc: "${found}"}\`, and lock again.`,
    });
  }
}

function compareDotted(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export interface PrefixView {
  environment: { name: string; version: string; fingerprint: string };
  lockDigest: string;
  prefix: string;
  interpreter: string;
  pythonVersion: string;
  outcome: 'cached' | 'made' | 'repaired';
  /** Of a check: what was damaged. */
  damaged?: { path: string; reason: string }[];
}

/** Makes the environment of a reference or file on this machine. */
export async function materialiseEnvironment(app: App, reference: string): Promise<PrefixView> {
  const version = await findOrRegister(app, reference);
  return await materialiseVersion(app, version);
}

export async function materialiseVersion(app: App, version: EnvironmentVersion): Promise<PrefixView> {
  refuseWhatCannotRun(version, 'be made on this machine');
  const { lock } = await lockOf(app, version);
  const { prefix, outcome } = await ensurePrefix(app, lock, addressesOf(version));
  const { name, version: text, fingerprint } = version;
  return {
    environment: { name, version: text, fingerprint },
    lockDigest: lock.digest,
    prefix: prefix.path,
    interpreter: prefix.python,
    pythonVersion: prefix.pythonVersion,
    outcome,
  };
}

/** Checks every file of the environment's prefix, and makes it again if it is damaged. */
export async function verifyEnvironmentPrefix(app: App, reference: string): Promise<PrefixView> {
  const before = await materialiseEnvironment(app, reference);
  const key = before.prefix.split('/').at(-1) ?? '';
  const { damaged } = await app.prefixes.verify(key);
  if (damaged.length === 0) return { ...before, damaged };
  for (const { path, reason } of damaged.slice(0, 20))
    app.emit({ type: 'note', level: 'warning', message: `\`${path}\`: ${reason}` });
  const after = await materialiseEnvironment(app, reference);
  return { ...after, damaged };
}
