/** A wheel's file name, taken apart. */
export interface WheelFilename {
  name: string;
  version: string;
  build: string | undefined;
  /** `cp312-cp312-manylinux_2_28_x86_64`, each part split at its dots. */
  pythons: string[];
  abis: string[];
  platforms: string[];
}

/** As the wheel specification says: `name-version(-build)?-python-abi-platform.whl`; undefined if it is none. */
export function parseWheelFilename(filename: string): WheelFilename | undefined {
  if (!filename.endsWith('.whl')) return undefined;
  const parts = filename.slice(0, -'.whl'.length).split('-');
  if (parts.length !== 5 && parts.length !== 6) return undefined;
  const [platforms, abis, pythons] = [parts.at(-1), parts.at(-2), parts.at(-3)];
  const [name, version] = parts;
  if (!name || !version || !platforms || !abis || !pythons) return undefined;
  return {
    name,
    version: version.replaceAll('_', '-'),
    build: parts.length === 6 ? parts[2] : undefined,
    pythons: pythons.split('.'),
    abis: abis.split('.'),
    platforms: platforms.split('.'),
  };
}
