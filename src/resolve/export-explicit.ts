import type { CondaPackage, Lock } from '../schema/index.ts';

/** conda's list of addresses, in install order, for `conda create --file`. conda has verified MD5 behind `#` since ever, and SHA-256 lately. */
export function explicitList(lock: Lock, packages: readonly CondaPackage[]): string {
  const head = [
    '# This file may be used to create an environment using:',
    '# $ conda create --name <env> --file <this file>',
    `# platform: ${lock.platform}`,
    '@EXPLICIT',
  ];
  const lines = packages.map(({ url, md5, sha256 }) => `${url}#${md5 ?? sha256}`);
  return `${[...head, ...lines].join('\n')}\n`;
}
