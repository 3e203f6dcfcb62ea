import { AppError } from '../errors/index.ts';
import type { CondaPackage } from '../schema/index.ts';
import type { PlanPython } from './install-plan.ts';

/** Where things go in a prefix, relative to it. */
export interface Layout {
  kind: 'venv' | 'conda';
  sitePackages: string;
  /** Python's standard library. */
  standardLibrary: string;
  /** Wheels put their headers into folders here. */
  headers: string;
}

export function venvLayout({ minor }: PlanPython): Layout {
  return {
    kind: 'venv',
    sitePackages: `lib/python${minor}/site-packages`,
    standardLibrary: `lib/python${minor}`,
    headers: `include/site/python${minor}`,
  };
}

/** `python` is the package of that name, if there is one. @throws AppError INVALID_LOCK. */
export function condaLayout(python: CondaPackage | undefined): Layout {
  const minor = python === undefined ? '' : minorOf(python.version);
  const sitePackages = python?.sitePackagesPath ?? `lib/python${minor}/site-packages`;
  if (sitePackages.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw new AppError('INVALID_LOCK', `\`${python?.filename}\` has its packages in \`${sitePackages}\``, {
      hint: 'That is no folder of an environment. Lock again.',
    });
  }
  return {
    kind: 'conda',
    sitePackages,
    standardLibrary: sitePackages.slice(0, Math.max(0, sitePackages.lastIndexOf('/'))),
    headers: `include/python${minor}`,
  };
}

export function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
