import type { CondaPackage, Lock, PypiPackage } from '../schema/index.ts';

/** An `environment.yml` that pins every package to its version and, for conda, its build. */
export function environmentFile(
  { platform, digest, inputs }: Lock,
  conda: readonly CondaPackage[],
  pypi: readonly PypiPackage[],
): string {
  const channels = inputs.channels.map((channel) => `  - ${text(channel)}`);
  const specs = sorted(conda).map(({ name, version, build }) => `  - ${text(`${name}=${version}=${build}`)}`);
  const options = [
    ...inputs.indexes.map((index, at) => `${at === 0 ? '--index-url' : '--extra-index-url'} ${index}`),
    ...inputs.findLinks.map((place) => `--find-links ${place}`),
  ];
  const pins = sorted(pypi).map((pkg) =>
    pkg.index === undefined ? `${pkg.name} @ ${pkg.url}` : `${pkg.name}==${pkg.version}`,
  );
  const pip = pypi.length === 0 ? [] : ['  - pip:', ...[...options, ...pins].map((line) => `      - ${text(line)}`)];
  return `${[
    `# ${platform}; lock ${digest}`,
    'channels:',
    ...channels,
    '  - nodefaults',
    'dependencies:',
    ...specs,
    ...pip,
  ].join('\n')}\n`;
}

function sorted<T extends { name: string }>(packages: readonly T[]): T[] {
  return [...packages].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Plain where YAML takes it so, else double-quoted. */
function text(value: string): string {
  return /^[A-Za-z0-9][\w.=+!-]*$/.test(value) ? value : JSON.stringify(value);
}
