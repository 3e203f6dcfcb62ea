import { AppError } from '../errors/index.ts';
import type { CondaPackage, Lock, PypiPackage } from '../schema/index.ts';
import { condaLockDocument } from './export-conda-lock.ts';
import { environmentFile } from './export-environment.ts';
import { explicitList } from './export-explicit.ts';
import { pylockDocument, requirementsList } from './export-pypi.ts';
import { serialiseLock } from './lock-document.ts';

export const exportFormats = ['pylock', 'requirements', 'explicit', 'conda-lock', 'environment', 'json'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/**
 * The lock for other tools: `pylock.toml` (PEP 751), requirements with digests for `pip install --require-hashes`, conda's `@EXPLICIT` list,
 * `conda-lock.yml` (format 1), or an `environment.yml` that pins everything.
 * @throws AppError UNSUPPORTED_FEATURE where the format cannot hold what the lock has.
 */
export function exportLock(lock: Lock, format: ExportFormat): string {
  const conda = lock.packages.filter((each) => each.kind === 'conda');
  const pypi = lock.packages.filter((each) => each.kind === 'pypi');
  switch (format) {
    case 'json':
      return serialiseLock(lock);
    case 'explicit':
      refusePypi(pypi);
      return explicitList(lock, conda);
    case 'conda-lock':
      refuseUnnamed(pypi);
      return condaLockDocument(lock);
    case 'environment':
      refuseNoConda(lock);
      refuseUnnamed(pypi);
      return environmentFile(lock, conda, pypi);
    case 'pylock':
    case 'requirements':
      refuseConda(conda, format);
      refuseUnnamed(pypi);
      return format === 'pylock' ? pylockDocument(lock, pypi) : requirementsList(lock, pypi);
  }
}

function refuseNoConda({ inputs, packages }: Lock): void {
  if (inputs.channels.length > 0 || packages.some(({ kind }) => kind === 'conda')) return;
  throw new AppError('UNSUPPORTED_FEATURE', 'the lock has no conda packages, and a conda file is a list of them', {
    hint: '`--export requirements` and `--export pylock` hold packages from PyPI.',
  });
}

function refuseConda(packages: readonly CondaPackage[], format: string): void {
  if (packages.length === 0) return;
  throw new AppError(
    'UNSUPPORTED_FEATURE',
    `the lock has conda packages, which \`${format}\` cannot hold: ${namesOf(packages)}`,
    { hint: '`--export conda-lock` holds conda and PyPI packages, `--export explicit` conda packages.' },
  );
}

function refusePypi(packages: readonly PypiPackage[]): void {
  if (packages.length === 0) return;
  throw new AppError(
    'UNSUPPORTED_FEATURE',
    `the lock has packages from PyPI, which conda’s explicit list cannot hold: ${namesOf(packages)}`,
    { hint: '`--export conda-lock` holds both.' },
  );
}

function refuseUnnamed(packages: readonly PypiPackage[]): void {
  const unnamed = packages.filter(({ url }) => url === undefined);
  if (unnamed.length === 0) return;
  throw new AppError('UNSUPPORTED_FEATURE', `the lock has packages that no address names: ${namesOf(unnamed)}`, {
    hint: 'They were built from source or came with the definition; only this workspace has their wheels. `--export json` has everything.',
  });
}

function namesOf(packages: readonly { name: string }[]): string {
  const shown = packages.slice(0, 10).map(({ name }) => `\`${name}\``);
  return [...shown, ...(packages.length > 10 ? [`${packages.length - 10} more`] : [])].join(', ');
}
