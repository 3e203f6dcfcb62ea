import type { Lock, PypiPackage } from '../schema/index.ts';

/** A requirements file with digests. */
export function requirementsList(lock: Lock, packages: readonly PypiPackage[]): string {
  const head = [`# Python ${lock.python?.version ?? ''} on ${lock.platform}; lock ${lock.digest}`];
  // Without an index in the lock nothing came from one; pip and uv would ask their default one for every name.
  const indexes =
    lock.inputs.indexes.length === 0
      ? ['--no-index']
      : lock.inputs.indexes.map((index, position) =>
          position === 0 ? `--index-url ${index}` : `--extra-index-url ${index}`,
        );
  const links = lock.inputs.findLinks.map((place) => `--find-links ${place}`);
  const lines = sorted(packages).map(
    (pkg) =>
      `${pkg.index === undefined ? `${pkg.name} @ ${pkg.url}` : `${pkg.name}==${pkg.version}`} \\\n    --hash=sha256:${pkg.sha256}`,
  );
  return `${[...head, ...indexes, ...links, ...lines].join('\n')}\n`;
}

/** `pylock.toml`, as PEP 751 has it. */
export function pylockDocument(lock: Lock, packages: readonly PypiPackage[]): string {
  const blocks = sorted(packages).map((pkg) => {
    const file = `url = ${text(pkg.url ?? '')}, size = ${pkg.size}, hashes = { sha256 = ${text(pkg.sha256)} }`;
    const lines = ['[[packages]]', `name = ${text(pkg.name)}`, `version = ${text(pkg.version)}`];
    if (pkg.index === undefined) lines.push(`archive = { ${file} }`);
    else lines.push(`index = ${text(pkg.index)}`, `wheels = [{ name = ${text(pkg.filename)}, ${file} }]`);
    const needed = pkg.dependencies.map((name) => `{ name = ${text(name)} }`);
    if (needed.length > 0) lines.push(`dependencies = [${needed.join(', ')}]`);
    return `${lines.join('\n')}\n`;
  });
  const requires = lock.python === undefined ? [] : [`requires-python = "==${lock.python.version}.*"`];
  return ['lock-version = "1.0"', ...requires, 'created-by = "terroir"', '', ...blocks].join('\n');
}

function sorted(packages: readonly PypiPackage[]): PypiPackage[] {
  return [...packages].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A TOML basic string. */
function text(value: string): string {
  return JSON.stringify(value);
}
