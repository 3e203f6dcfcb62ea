import { AppError } from '../errors/index.ts';
import type { Layout } from './layout.ts';

/** @throws AppError HOSTILE_ARCHIVE for a file where only the environment itself writes. */
export function refuseOwnRecords(path: string, filename: string, { kind }: Layout): void {
  if (!path.startsWith('.terroir') && !path.startsWith('conda-meta/')) return;
  const place =
    path === '.terroir' || path.startsWith('.terroir/')
      ? '.terroir'
      : kind === 'conda' && /^conda-meta\/(?:[^/]*\.json|history|frozen|state)$/.test(path)
        ? path
        : undefined;
  if (place === undefined) return;
  throw new AppError(
    'HOSTILE_ARCHIVE',
    `\`${filename}\` is refused: it has files for \`${place}\`, where the environment keeps its own records`,
    { hint: 'Leave the package out.' },
  );
}
