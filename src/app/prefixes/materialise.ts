import { findInterpreter } from '../../io/index.ts';
import { type InstallPlan, isCondaLock, type PlanPython, planPrefix } from '../../plan/index.ts';
import type { Prefix } from '../../prefix/index.ts';
import { formatCount, type Step, startStep } from '../../report/index.ts';
import type { CondaPackage, Definition, Lock } from '../../schema/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { findOrRegister } from '../environments/find-or-register.ts';
import { refuseWhatCannotRun } from '../environments/runnable.ts';
import { lockOf } from '../locks/bound-lock.ts';
import { fetchPackages } from '../packages/fetch-packages.ts';
import { checkMachine, thisMachine } from './check-machine.ts';

export interface MaterialisedPrefix {
  prefix: Prefix;
  /** Undefined for conda packages without a Python among them. */
  interpreter: { version: string; implementation: string } | undefined;
  outcome: 'cached' | 'made' | 'repaired';
}

/**
 * A lock as a directory on this machine. The machine is held against the lock before anything is fetched; it needs a Python of its own only for
 * locks of wheels alone.
 * @throws AppError MACHINE_MISMATCH, PYTHON_NOT_FOUND, and what fetching, unpacking and planning throw.
 */
export async function ensurePrefix(app: App, lock: Lock, definition: Definition): Promise<MaterialisedPrefix> {
  await checkMachine(lock, thisMachine(app.env));
  const machine = isCondaLock(lock) ? undefined : await machinePython(app, lock);
  const interpreter = machine ?? condaPython(lock);
  const key = app.prefixes.key(lock.digest, machine);
  const title = `Environment of ${formatCount(lock.packages.length, 'package')}`;
  const there = await app.prefixes.find(key);
  if (there !== undefined) {
    startStep(app.emit, title).finish('cached');
    return { prefix: there, interpreter, outcome: 'cached' };
  }
  let current: Step | undefined;
  // In here, so that nothing of it can be collected before it is linked, and what a repair drops is fetched again.
  const makePlan = async (path: string): Promise<InstallPlan> => {
    const packages = await fetchPackages(app, lock, definition);
    current ??= startStep(app.emit, title);
    const archiveFile = (sha256: string): string => app.store.archivePath(sha256);
    return planPrefix({ lock, ...packages, python: machine, prefix: path, archiveFile });
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

/** Says what a user should know of a prefix. */
export function reportNotes(app: App, { notes }: Prefix): void {
  for (const message of notes) app.emit({ type: 'note', level: 'warning', message });
}

async function machinePython(app: App, { python }: Lock): Promise<PlanPython & { implementation: string }> {
  const wanted = python?.version ?? '';
  const { minor, version, home, executable, implementation } = await findInterpreter(app.interpreters, {
    fits: (found) => found.minor === wanted,
    subject: `Python ${wanted}, which the lock names,`,
    minor: wanted,
  });
  return { minor, version, home, executable, implementation };
}

function condaPython({ packages }: Lock): MaterialisedPrefix['interpreter'] {
  const python = packages.find((pkg): pkg is CondaPackage => pkg.kind === 'conda' && pkg.name === 'python');
  return python && { version: python.version, implementation: python.build.includes('pypy') ? 'pypy' : 'cpython' };
}

export interface PrefixView {
  environment: { name: string; version: string; fingerprint: string };
  lockDigest: string;
  prefix: string;
  /** Null where conda packages bring no Python. */
  interpreter: string | null;
  pythonVersion: string | null;
  outcome: 'cached' | 'made' | 'repaired';
  /** What a user should know of it: install scripts that were not run, files that two packages have. */
  notes?: readonly string[];
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
  const { prefix, interpreter, outcome } = await ensurePrefix(app, lock, version.definition);
  reportNotes(app, prefix);
  const { name, version: text, fingerprint } = version;
  return {
    environment: { name, version: text, fingerprint },
    lockDigest: lock.digest,
    prefix: prefix.path,
    interpreter: interpreter === undefined ? null : prefix.python,
    pythonVersion: interpreter?.version ?? null,
    outcome,
    ...(prefix.notes.length === 0 ? {} : { notes: prefix.notes }),
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
