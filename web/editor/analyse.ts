import { checkDefinition, type Finding } from '../../src/definition/checks/index.ts';
import { type FileAccess, type ReadResult, readDefinition } from '../../src/definition/index.ts';
import { type AppError, isAppError } from '../../src/errors/index.ts';
import { sha256 } from '../../src/schema/index.ts';
import { provideBuffer } from '../stand-ins/buffer.ts';

/** What the user has open: the definition first. Text that can be changed, or bytes as they were dropped. */
export interface OpenFile {
  path: string;
  content: string | Uint8Array;
}

export interface Analysis {
  /** Undefined where the definition cannot be read. */
  read: ReadResult | undefined;
  findings: readonly Finding[];
}

interface Problem {
  code?: string;
  position: NonNullable<Finding['position']>;
  message: string;
  hint?: string;
}

/** Reads and checks by the same code as the command line. */
export async function analyse(files: readonly OpenFile[], name: string): Promise<Analysis> {
  provideBuffer();
  const [main] = files;
  if (main === undefined || typeof main.content !== 'string') return { read: undefined, findings: [] };
  try {
    const read = await readDefinition({ path: main.path, text: main.content }, accessOpen(files));
    return { read, findings: checkDefinition(read, name === '' ? {} : { name }) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { read: undefined, findings: problemsOf(error, main.path) };
  }
}

function problemsOf(error: AppError, path: string): Finding[] {
  const listed = (error.details?.problems ?? []) as Problem[];
  const finding = ({ code, position, message, hint }: Problem): Finding => ({
    code: code ?? error.code,
    severity: 'error',
    message,
    explanation: 'The definition cannot be read as it stands.',
    position,
    help: hint,
  });
  if (listed.length > 0) return listed.map(finding);
  return [finding({ position: { file: path, line: 1, column: 1 }, message: error.message, hint: error.hint })];
}

function accessOpen(files: readonly OpenFile[]): FileAccess {
  const byPath = new Map(files.map(({ path, content }) => [path, bytesOf(content)]));
  const below = (folder: string): string =>
    folder === '.' || folder === '' ? '' : `${folder.replace(/^\.\/|\/$/g, '')}/`;
  const clean = (path: string): string => path.replace(/^\.\//, '');
  return {
    readBytes: async (path) => byPath.get(clean(path)),
    kind: async (path) => {
      if (byPath.has(clean(path))) return 'file';
      return [...byPath.keys()].some((each) => each.startsWith(below(path))) ? 'folder' : undefined;
    },
    listTree: async (path) =>
      [...byPath]
        .filter(([each]) => each.startsWith(below(path)))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([each, bytes]) => ({
          path: each.slice(below(path).length),
          type: 'file',
          executable: false,
          size: bytes.length,
          digest: async () => sha256(bytes),
        })),
  };
}

export function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}
