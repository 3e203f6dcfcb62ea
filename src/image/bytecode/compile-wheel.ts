import { join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { readTextIfExists, removeTree, runProcess, writeAtomically } from '../../io/index.ts';
import { canonicalJson, sha256 } from '../../schema/index.ts';
import type { UnpackedWheel } from '../../store/index.ts';
import type { LayerCache } from '../layers/layer-cache.ts';

/** The bytecode of a source file, in the store. */
export interface CompiledFile {
  /** Relative to the folder of the sources: `numpy/__pycache__/version.cpython-311.pyc`. */
  path: string;
  file: string;
  sha256: string;
}

export interface CompileRequest {
  wheel: UnpackedWheel;
  /** Files of the wheel, relative to its folder. */
  sources: readonly string[];
  /** Where they will be in the image: it stands in the bytecode, for tracebacks. Absolute. */
  folder: string;
  /** A program of exactly the version that the image has. */
  python: { executable: string; version: string; minor: string };
}

/** Number of the way in which bytecode is made. */
const format = 1;

/**
 * Compiles a wheel, or takes what was compiled of it before. The bytecode holds for its source whatever time that has (PEP 552, unchecked), and is the
 * same for the same sources and the same CPython: each wheel is compiled by a process of its own, in the order of its paths.
 * @throws AppError BUILD_FAILED.
 */
export async function compileWheel(
  cache: LayerCache,
  { wheel, sources, folder, python }: CompileRequest,
): Promise<CompiledFile[]> {
  const paths = [...sources].sort();
  const key = sha256(canonicalJson({ format, wheel: wheel.sha256, folder, python: python.version, paths }));
  const place = cache.bytecodePath(key);
  const known = await readTextIfExists(join(place, 'index'));
  if (known !== undefined) return readIndex(known, place);
  const temporary = await cache.temporary();
  try {
    const list = join(temporary, 'sources');
    await writeAtomically(
      list,
      paths
        .map(
          (path) => `${JSON.stringify([join(wheel.folder, path), `${folder}/${path}`, pycPath(path, python.minor)])}\n`,
        )
        .join(''),
    );
    const output = join(temporary, 'made');
    const { exitCode, stdout, stderr } = await runProcess(
      python.executable,
      ['-I', '-S', '-B', '-X', 'utf8', '-W', 'ignore', '-c', program, list, output],
      { env: { PYTHONHASHSEED: '0' }, timeout: patience },
    );
    if (exitCode !== 0)
      throw new AppError('BUILD_FAILED', `\`${wheel.filename}\` could not be compiled to bytecode`, {
        hint: stderr.trim().split('\n').at(-1),
      });
    await writeAtomically(join(output, 'index'), stdout);
    await cache.keepBytecode(key, output);
    return readIndex(stdout, place);
  } finally {
    await removeTree(temporary);
  }
}

const patience = 30 * 60_000;

function pycPath(path: string, minor: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}__pycache__/${path.slice(slash, -'.py'.length)}.cpython-${minor.replace('.', '')}.pyc`;
}

/** A line a file: `<sha256> <path>`. */
function readIndex(text: string, place: string): CompiledFile[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ sha256: line.slice(0, 64), path: line.slice(65), file: join(place, line.slice(65)) }));
}

/** What does not compile (templates, code of other versions) stays as it is, as pip leaves it. */
const program = `
import hashlib, importlib.util, json, os, sys
from importlib._bootstrap_external import _code_to_hash_pyc
made = []
os.makedirs(sys.argv[2])
for line in open(sys.argv[1], encoding='utf8'):
    source, name, target = json.loads(line)
    with open(source, 'rb') as file:
        data = file.read()
    try:
        code = compile(data, name, 'exec', dont_inherit=True, optimize=0)
    except Exception:
        continue
    content = bytes(_code_to_hash_pyc(code, importlib.util.source_hash(data), False))
    del code
    path = os.path.join(sys.argv[2], target)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(content)
    made.append(hashlib.sha256(content).hexdigest() + ' ' + target + '\\n')
sys.stdout.write(''.join(made))
`;
