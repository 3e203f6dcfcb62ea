import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface ProjectOptions {
  name: string;
  version: string;
  requires?: readonly string[];
  /** By extra. */
  extras?: Readonly<Record<string, readonly string[]>>;
  /** What the build needs from the index. */
  buildRequires?: readonly string[];
  /** A file that gets a line for each wheel that is built. */
  buildLog?: string;
  /** Python that the build runs before it makes the wheel: `raise SystemExit("no compiler")`. */
  buildStep?: string;
  /** The wheel's tag; `py3-none-any` without one. `native` means that of the Python that builds. */
  tag?: string;
  requiresPython?: string;
  /** Further files of the project: path → text. */
  files?: Readonly<Record<string, string>>;
}

/** The files of a project that builds without anything from outside: its backend is part of it. */
export function projectFiles(options: ProjectOptions): Record<string, string> {
  const { name, version, buildRequires = [], files = {} } = options;
  const module = name.replaceAll(/[-.]/g, '_');
  return {
    'pyproject.toml': [
      '[build-system]',
      `requires = ${JSON.stringify(buildRequires)}`,
      'build-backend = "backend"',
      'backend-path = ["."]',
      '[project]',
      `name = ${JSON.stringify(name)}`,
      'dynamic = ["version", "dependencies", "optional-dependencies", "requires-python"]',
      '',
    ].join('\n'),
    'backend.py': backend(options, module),
    [`${module}/__init__.py`]: `__version__ = ${JSON.stringify(version)}\n`,
    'PKG-INFO': metadataOf(options),
    ...files,
  };
}

/** Writes a project as a folder. */
export async function writeProject(folder: string, options: ProjectOptions): Promise<void> {
  for (const [path, text] of Object.entries(projectFiles(options))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** A source distribution (`.tar.gz`) of such a project. The same options give the same bytes. */
export function makeSdist(options: ProjectOptions): { filename: string; bytes: Buffer; sha256: string } {
  const stem = `${options.name.replaceAll(/[-.]/g, '_')}-${options.version}`;
  const entries = Object.entries(projectFiles(options)).map(([path, text]) =>
    tarEntry(`${stem}/${path}`, Buffer.from(text)),
  );
  const bytes = gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]));
  return { filename: `${stem}.tar.gz`, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Metadata 2.1: tools don't trust the dependencies in it, so they ask the backend. */
function metadataOf({ name, version, requires = [], extras = {}, requiresPython }: ProjectOptions): string {
  const lines = ['Metadata-Version: 2.1', `Name: ${name}`, `Version: ${version}`];
  if (requiresPython !== undefined) lines.push(`Requires-Python: ${requiresPython}`);
  for (const requirement of requires) lines.push(`Requires-Dist: ${requirement}`);
  for (const [extra, list] of Object.entries(extras)) {
    lines.push(
      `Provides-Extra: ${extra}`,
      ...list.map((requirement) => `Requires-Dist: ${requirement} ; extra == ${JSON.stringify(extra)}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

function backend(options: ProjectOptions, module: string): string {
  const { version, buildLog, buildStep = 'pass', tag = 'py3-none-any' } = options;
  return `import base64, hashlib, os, sys, sysconfig, zipfile
METADATA = ${JSON.stringify(metadataOf(options))}
STEM = ${JSON.stringify(`${module}-${version}`)}
TAG = ${JSON.stringify(tag)}
if TAG == "native":
    TAG = "cp%d%d-cp%d%d-%s" % (*sys.version_info[:2], *sys.version_info[:2], sysconfig.get_platform().replace("-", "_").replace(".", "_"))

def _wheel_file():
    return "Wheel-Version: 1.0\\nGenerator: kit\\nRoot-Is-Purelib: true\\nTag: %s\\n" % TAG

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    folder = STEM + ".dist-info"
    os.makedirs(os.path.join(metadata_directory, folder))
    for name, text in (("METADATA", METADATA), ("WHEEL", _wheel_file())):
        with open(os.path.join(metadata_directory, folder, name), "w") as file:
            file.write(text)
    return folder

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    ${buildStep}
    log = ${buildLog === undefined ? 'None' : JSON.stringify(buildLog)}
    if log:
        with open(log, "a") as file:
            file.write("%s %s\\n" % (STEM, config_settings or {}))
    name = "%s-%s.whl" % (STEM, TAG)
    members = {}
    for root, _, names in os.walk(${JSON.stringify(module)}):
        for each in sorted(names):
            if each.endswith(".py"):
                path = os.path.join(root, each)
                members[path] = open(path, "rb").read()
    members[STEM + ".dist-info/METADATA"] = METADATA.encode()
    members[STEM + ".dist-info/WHEEL"] = _wheel_file().encode()
    record = ""
    for path in sorted(members):
        digest = base64.urlsafe_b64encode(hashlib.sha256(members[path]).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\\n" % (path, digest, len(members[path]))
    members[STEM + ".dist-info/RECORD"] = (record + STEM + ".dist-info/RECORD,,\\n").encode()
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        for path in members:
            wheel.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), members[path])
    return name
`;
}

function tarEntry(path: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const put = (text: string, at: number): void => {
    header.write(text, at, 'latin1');
  };
  put(path, 0);
  put('0000644\0', 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  put('00000000000\0', 136);
  put('        ', 148);
  put('0', 156);
  put('ustar\0', 257);
  put('00', 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
