import type { CondaPackage, Platform } from '../schema/index.ts';
import type { UnpackedConda } from '../store/index.ts';
import type { Overwrite } from './claims.ts';
import type { PlanRewrite } from './install-plan.ts';

interface NoteInput {
  platform: Platform;
  packages: readonly { pkg: CondaPackage; unpacked: UnpackedConda }[];
  overwrites: readonly Overwrite[];
  rewrites: readonly PlanRewrite[];
}

/** What a user should know of a conda prefix: where it is not what conda would have made, and who took files of whom. */
export function notesOf({ platform, packages, overwrites, rewrites }: NoteInput): string[] {
  return [
    ...packages.flatMap(({ pkg, unpacked }) => scriptNote(pkg.name, unpacked.scripts)),
    ...overwrites.map(overwriteNote),
    ...(platform === 'osx-arm64' ? signatureNote(rewrites) : []),
  ];
}

/** Nothing here is run on Windows, and nothing of a prefix is ever removed. */
function scriptNote(name: string, scripts: readonly string[]): string[] {
  const wanted = scripts.filter((path) => !/\.bat$|-pre-unlink\.sh$/.test(path));
  if (wanted.length === 0) return [];
  return [
    `${name} has what conda runs when it installs (${listOf(wanted)}); Terroir never does: if it is needed, do the same in \`docker_steps\``,
  ];
}

function overwriteNote({ loser, winner, paths }: Overwrite): string {
  const files = paths.length === 1 ? 'a file' : `${paths.length} files`;
  return `${winner} has ${files} that ${loser} has too (${listOf([...paths].sort())}): ${winner}’s are there`;
}

function signatureNote(rewrites: readonly PlanRewrite[]): string[] {
  const owners = [...new Set(rewrites.filter(({ mode }) => mode === 'binary').map(({ owner }) => owner))];
  if (owners.length === 0) return [];
  return [
    `binaries of ${owners.join(', ')} name the prefix and were not signed again; where macOS refuses one, \`codesign -s - -f FILE\` helps`,
  ];
}

function listOf(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).map((path) => `\`${path}\``);
  return `${shown.join(', ')}${paths.length > shown.length ? ', …' : ''}`;
}
