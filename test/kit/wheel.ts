import { createHash } from 'node:crypto';
import { writeZip, type ZipEntry } from './zip.ts';

export interface WheelOptions {
  name: string;
  version: string;
  /** Below site-packages; `<name>/__init__.py` if not given. */
  files?: Readonly<Record<string, string | Uint8Array>>;
  requires?: readonly string[];
  requiresPython?: string;
  /** More lines of METADATA. */
  metadata?: readonly string[];
  /** "console_scripts" → { hello: 'hello:main' } */
  entryPoints?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** `.data/scripts/` */
  scripts?: Readonly<Record<string, string>>;
  /** `.data/`, by its path there. */
  data?: Readonly<Record<string, string | Uint8Array>>;
  /** "py3-none-any" */
  tag?: string;
  /** Written as they are, behind the rest. */
  extra?: readonly ZipEntry[];
}

export interface MadeWheel {
  filename: string;
  bytes: Buffer;
  sha256: string;
}

/** A valid wheel, the same bytes for the same options. */
export function makeWheel(options: WheelOptions): MadeWheel {
  const { name, version, tag = 'py3-none-any' } = options;
  const distribution = name.replaceAll(/[-.]+/g, '_');
  const distInfo = `${distribution}-${version}.dist-info`;
  const data = `${distribution}-${version}.data`;
  const files = new Map<string, Uint8Array>();
  const add = (path: string, content: string | Uint8Array): void => {
    files.set(path, typeof content === 'string' ? Buffer.from(content) : content);
  };
  for (const [path, content] of Object.entries(
    options.files ?? { [`${distribution.toLowerCase()}/__init__.py`]: `__version__ = "${version}"\n` },
  ))
    add(path, content);
  for (const [path, content] of Object.entries(options.scripts ?? {})) add(`${data}/scripts/${path}`, content);
  for (const [path, content] of Object.entries(options.data ?? {})) add(`${data}/${path}`, content);
  const requires = (options.requires ?? []).map((each) => `Requires-Dist: ${each}\n`).join('');
  const python = options.requiresPython === undefined ? '' : `Requires-Python: ${options.requiresPython}\n`;
  const more = (options.metadata ?? []).map((each) => `${each}\n`).join('');
  add(`${distInfo}/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${python}${requires}${more}`);
  add(`${distInfo}/WHEEL`, `Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: ${tag}\n`);
  if (options.entryPoints !== undefined) {
    const sections = Object.entries(options.entryPoints).map(
      ([group, points]) =>
        `[${group}]\n${Object.entries(points)
          .map(([key, value]) => `${key} = ${value}\n`)
          .join('')}`,
    );
    add(`${distInfo}/entry_points.txt`, sections.join('\n'));
  }
  const lines = [...files].map(
    ([path, content]) =>
      `${path},sha256=${createHash('sha256').update(content).digest('base64url')},${content.length}\n`,
  );
  add(`${distInfo}/RECORD`, `${lines.join('')}${distInfo}/RECORD,,\n`);
  const bytes = writeZip([...[...files].map(([path, content]) => ({ name: path, content })), ...(options.extra ?? [])]);
  return {
    filename: `${distribution}-${version}-${tag}.whl`,
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}
