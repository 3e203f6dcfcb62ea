import { AppError } from '../../errors/index.ts';
import type { PlanPython } from '../../plan/index.ts';
import type { Lock } from '../../schema/index.ts';
import { type BasePython, defaultPath } from '../base/base-facts.ts';
import { nodeAt } from '../base/file-tree.ts';
import type { Base } from '../base/read-base.ts';

/** The Python of a base as a plan wants it. */
export function planPython({ minor, version, path }: BasePython): PlanPython {
  return { minor, version, home: path.slice(0, path.lastIndexOf('/')), executable: path };
}

/**
 * Holds a base against a lock, before anything is fetched. Answers the base's Python that the lock means; undefined for locks that bring their own
 * or need none.
 * @throws AppError PYTHON_MISMATCH, MACHINE_MISMATCH.
 */
export function checkBase({ facts }: Pick<Base, 'facts'>, lock: Lock, name: string): PlanPython | undefined {
  checkLibc(facts.libc, lock, name);
  const { python } = lock;
  if (python === undefined || python.source === 'conda') return undefined;
  const found = facts.pythons.find(({ minor }) => minor === python.version);
  if (found !== undefined) return planPython(found);
  const minors = [...new Set(facts.pythons.map(({ minor }) => minor))];
  throw new AppError(
    'PYTHON_MISMATCH',
    `the lock is for Python ${python.version}, and the base image \`${name}\` has ${minors.length === 0 ? 'no Python' : `Python ${minors.join(' and ')}`}`,
    {
      hint:
        minors.length === 0
          ? 'Take a base image with a Python, or let conda bring one (`conda_file`).'
          : 'Take another base image, set `python.version`, or lock again (`terroir env lock --relock`).',
    },
  );
}

/**
 * Holds a user-managed interpreter against the image that should have it: a path, or a name on the image's PATH.
 * @throws AppError PYTHON_NOT_FOUND.
 */
export function checkInterpreter(
  { root, facts }: Pick<Base, 'root' | 'facts'>,
  { interpreter, env, name }: { interpreter: string; env: readonly string[]; name: string },
): void {
  const folders = (env.find((line) => line.startsWith('PATH='))?.slice('PATH='.length) ?? defaultPath).split(':');
  const places = interpreter.includes('/') ? [interpreter] : folders.map((folder) => `${folder}/${interpreter}`);
  const isThere = places.some((path) => {
    const node = nodeAt(root, path);
    return node?.kind === 'file' && (node.mode & 0o111) !== 0;
  });
  if (isThere) return;
  const others = facts.pythons.map(({ path }) => `\`${path}\``);
  throw new AppError('PYTHON_NOT_FOUND', `the image \`${name}\` has no interpreter \`${interpreter}\``, {
    hint:
      others.length === 0
        ? 'There is no Python in it; take another image, or install one in Docker steps.'
        : `It has ${others.join(', ')}: name one in \`python.interpreter_path\`.`,
  });
}

function checkLibc(libc: Base['facts']['libc'], lock: Lock, name: string): void {
  const wanted = lock.inputs.virtualPackages.__glibc;
  if (wanted === undefined || libc === undefined) return;
  const { family, version } = libc;
  if (family === 'glibc' && (version === undefined || !isOlder(version, wanted))) return;
  throw new AppError(
    'MACHINE_MISMATCH',
    `the lock is for glibc ${wanted}, and the base image \`${name}\` has ${family} ${version ?? ''}`.trimEnd(),
    {
      hint:
        family === 'musl'
          ? 'Packages for musl are not supported; take a base image with glibc (Debian, Ubuntu, Fedora …).'
          : 'Take a newer base image, or say `system_requirements: {glibc: …}` and lock again.',
    },
  );
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
