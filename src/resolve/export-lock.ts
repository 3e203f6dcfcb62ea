import { AppError } from '../errors/index.ts';
import type { Lock, PypiPackage } from '../schema/index.ts';
import { serialiseLock } from './lock-document.ts';

export const exportFormats = ['pylock', 'requirements', 'json'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/**
 * The lock for other tools: `pylock.toml` (PEP 751), or requirements with digests for `pip install --require-hashes`.
 * @throws AppError UNSUPPORTED_FEATURE for packages that no address names (they were built here, or came with the definition).
 */
export function exportLock(lock: Lock, format: ExportFormat): string {
  if (format === 'json') return serialiseLock(lock);
  const unnamed = lock.packages.filter(({ url }) => url === undefined);
  if (unnamed.length > 0) {
    const names = unnamed.map(({ name }) => `\`${name}\``).join(', ');
    throw new AppError('UNSUPPORTED_FEATURE', `the lock has packages that no address names: ${names}`, {
      hint: 'They were built from source or came with the definition; only this workspace has their wheels. `--export json` has everything.',
    });
  }
  return format === 'pylock' ? pylock(lock) : requirements(lock);
}

function requirements(lock: Lock): string {
  const head = [`# Python ${lock.python.version} on ${lock.platform}; lock ${lock.digest}`];
  // Without an index in the lock nothing came from one; pip and uv would ask their default one for every name.
  const indexes =
    lock.inputs.indexes.length === 0
      ? ['--no-index']
      : lock.inputs.indexes.map((index, position) =>
          position === 0 ? `--index-url ${index}` : `--extra-index-url ${index}`,
        );
  const links = lock.inputs.findLinks.map((place) => `--find-links ${place}`);
  const lines = sorted(lock).map(
    (pkg) =>
      `${pkg.index === undefined ? `${pkg.name} @ ${pkg.url}` : `${pkg.name}==${pkg.version}`} \\\n    --hash=sha256:${pkg.sha256}`,
  );
  return `${[...head, ...indexes, ...links, ...lines].join('\n')}\n`;
}

function pylock(lock: Lock): string {
  const packages = sorted(lock).map((pkg) => {
    const file = `url = ${text(pkg.url ?? '')}, size = ${pkg.size}, hashes = { sha256 = ${text(pkg.sha256)} }`;
    const lines = ['[[packages]]', `name = ${text(pkg.name)}`, `version = ${text(pkg.version)}`];
    if (pkg.index === undefined) lines.push(`archive = { ${file} }`);
    else lines.push(`index = ${text(pkg.index)}`, `wheels = [{ name = ${text(pkg.filename)}, ${file} }]`);
    return `${lines.join('\n')}\n`;
  });
  const [major, minor] = lock.python.version.split('.');
  const head = ['lock-version = "1.0"', `requires-python = "==${major}.${minor}.*"`, 'created-by = "terroir"', ''];
  return [...head, ...packages].join('\n');
}

function sorted(lock: Lock): PypiPackage[] {
  return [...lock.packages].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A TOML basic string. */
function text(value: string): string {
  return JSON.stringify(value);
}
