import type { Lock, LockedPackage } from '../schema/index.ts';

/** `conda-lock.yml`, format 1, of one platform. Packages sorted by name, as conda-lock writes them. */
export function condaLockDocument(lock: Lock): string {
  const channels = lock.inputs.channels.flatMap((url) => [`  - url: ${text(url)}`, '    used_env_vars: []']);
  const head = [
    'version: 1',
    'metadata:',
    '  content_hash:',
    `    ${lock.platform}: ${lock.fingerprint.replace(/^sha256:/, '')}`,
    channels.length === 0 ? '  channels: []' : '  channels:',
    ...channels,
    '  platforms:',
    `  - ${lock.platform}`,
    '  sources:',
    '  - environment.yml',
    lock.packages.length === 0 ? 'package: []' : 'package:',
  ];
  const packages = [...lock.packages].sort((a, b) => compare(a.name, b.name) || compare(a.kind, b.kind));
  return `${[...head, ...packages.flatMap((pkg) => packageLines(pkg, lock))].join('\n')}\n`;
}

function packageLines(pkg: LockedPackage, { platform }: Lock): string[] {
  const dependencies = dependenciesOf(pkg).map(([name, wanted]) => `    ${text(name)}: ${text(wanted)}`);
  const md5 = pkg.kind === 'conda' && pkg.md5 !== undefined ? [`    md5: ${pkg.md5}`] : [];
  return [
    `- name: ${text(pkg.name)}`,
    `  version: ${text(pkg.version)}`,
    `  manager: ${pkg.kind === 'conda' ? 'conda' : 'pip'}`,
    `  platform: ${platform}`,
    dependencies.length === 0 ? '  dependencies: {}' : '  dependencies:',
    ...dependencies,
    `  url: ${text(pkg.url ?? '')}`,
    '  hash:',
    ...md5,
    `    sha256: ${pkg.sha256}`,
    '  category: main',
    '  optional: false',
  ];
}

/** Name → what is wanted of it. Virtual packages are the machine's, and no entries of a lock. */
function dependenciesOf(pkg: LockedPackage): [string, string][] {
  const all =
    pkg.kind === 'pypi'
      ? pkg.dependencies.map((name): [string, string] => [name, '*'])
      : pkg.depends.map((spec): [string, string] => {
          const [, name = spec, wanted = ''] = /^([^\s=<>!~[]+)\s*(.*)$/.exec(spec) ?? [];
          return [name, wanted];
        });
  return [...new Map(all.filter(([name]) => !name.startsWith('__'))).entries()].sort(([a], [b]) => compare(a, b));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A YAML double-quoted scalar; whatever JSON writes is one. */
function text(value: string): string {
  return JSON.stringify(value);
}
