/** What a file name of a package says. */
export interface PackageFilename {
  name: string;
  version: string;
  build: string;
  extension: '.conda' | '.tar.bz2';
}

const pattern = /^([A-Za-z0-9_.][A-Za-z0-9_.+-]*)-([A-Za-z0-9_.!+~=]+)-([A-Za-z0-9_.!+~=]+)(\.conda|\.tar\.bz2)$/;

/** Takes `name-version-build.conda` apart; undefined if it is no file name of a package. */
export function parsePackageFilename(filename: string): PackageFilename | undefined {
  const [, name, version, build, extension] = pattern.exec(filename) ?? [];
  if (name === undefined || version === undefined || build === undefined) return undefined;
  return { name, version, build, extension: extension === '.conda' ? '.conda' : '.tar.bz2' };
}

/** True for a text that could lead out of a folder. */
export function leavesFolder(filename: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return filename === '.' || filename === '..' || filename === '' || /[/\\\u0000-\u001f]/.test(filename);
}
