import { posix } from 'node:path';
import {
  nearest,
  parseYaml,
  positionAt,
  type SourceDocument,
  throwProblems,
  type YamlDocument,
} from '../documents/index.ts';
import { AppError } from '../errors/index.ts';
import type { Definition, DefinitionHeader, ListedLock } from '../schema/index.ts';
import { emptyDefinition } from './defaults.ts';
import type { FileAccess } from './file-access.ts';
import { condaByText, findPlaceholder, foreignByKeys, foreignByName, foreignByText } from './foreign-formats.ts';
import { lockFileFormat } from './lock-files/index.ts';
import { readCondaDefinition } from './read-conda-definition.ts';
import { readDockerfile } from './read-dockerfile.ts';
import { readRequirementsLayer } from './read-layer.ts';
import { readLockLayer } from './read-lock-layer.ts';
import type { DefinitionFormat, ReadResult } from './read-result.ts';
import { createReadState, type ReadState } from './read-state.ts';
import { readV1 } from './read-v1.ts';
import { readV2 } from './read-v2.ts';

/** What of a folder's files is the definition, best first. */
const mainFiles = [
  'azureml_environment.json',
  'environment.yml',
  'environment.yaml',
  'env.yml',
  'env.yaml',
  'conda.yml',
  'conda.yaml',
  'conda_dependencies.yml',
  'requirements.txt',
  'Dockerfile',
];

/** The file of a folder that is taken for its definition. */
export function chooseMainFile(names: readonly string[]): string | undefined {
  return mainFiles.find((name) => names.includes(name));
}

/**
 * Reads a definition in whatever format. `main.path` is shown in messages, and its paths are relative to the folder that `files` stands for.
 * @throws AppError INVALID_DEFINITION with every problem in `details.problems`; UNSUPPORTED_FORMAT for what is no definition.
 */
export async function readDefinition(main: SourceDocument, files: FileAccess): Promise<ReadResult> {
  const name = posix.basename(main.path);
  const lockFormat = lockFileFormat(main);
  if (lockFormat === undefined) refuse(main, foreignByName(name) ?? foreignByText(main.text));
  const state = createReadState(main, files);
  const read = lockFormat === undefined ? await readByFormat(state, main, name) : readLock(state, main, lockFormat);
  if (state.problems.length > 0) throwProblems('INVALID_DEFINITION', state.problems);
  return {
    ...read,
    sources: state.sources,
    files: [...state.referenced.values()],
    localNames: state.localNames,
    warnings: state.warnings,
    locate: state.locate,
    span: state.span,
  };
}

interface FormatRead {
  format: DefinitionFormat;
  header: DefinitionHeader;
  definition: Definition;
}

/** A bare lock file of another tool. */
function readLock(state: ReadState, main: SourceDocument, format: ListedLock['format']): FormatRead {
  const { layer, platforms, python } = readLockLayer(state, main, format);
  const definition = { ...emptyDefinition(), layer, platforms };
  if (python !== undefined) definition.python.version = python;
  return { format: 'lock', header: { tags: {} }, definition };
}

async function readByFormat(state: ReadState, main: SourceDocument, name: string): Promise<FormatRead> {
  const header: DefinitionHeader = { tags: {} };
  if (isDockerfile(name, main.text))
    return { format: 'dockerfile', header, definition: await readDockerfile(state, main) };
  if (isRequirements(name, main.text)) {
    refuseTemplate(main);
    refuse(main, condaByText(main.text));
    const definition = { ...emptyDefinition(), layer: await readRequirementsLayer(state, main) };
    state.referenced.delete(main.path);
    return { format: 'requirements', header, definition };
  }
  const document = parseOrRefuse(main);
  const keys = topLevelKeys(document);
  if (name === 'azureml_environment.json' || isV1(keys)) return { format: 'v1', ...(await readV1(state, document)) };
  const isV2 = [
    'image',
    'build',
    'conda_file',
    'requirements',
    'docker_steps',
    'inference_config',
    'os_type',
    'python',
    'spark',
  ].some((key) => keys.includes(key));
  const condaKeys = ['dependencies', 'channels'];
  const isConda =
    keys.some((key) => condaKeys.includes(key)) ||
    // Misspelt, it is a conda file all the same, and its reader knows the right words.
    (!isV2 && foreignByKeys(keys) === undefined && keys.some((key) => nearest(key, condaKeys) !== undefined));
  if (!isV2 && !isConda) refuse(main, foreignByKeys(keys));
  if (isV2 && isConda) refuseMixture(document, keys);
  refuseTemplate(main);
  if (isConda && !isV2) return { format: 'conda', header, definition: await readCondaDefinition(state, document) };
  return { format: 'v2', ...(await readV2(state, document)) };
}

function isDockerfile(name: string, text: string): boolean {
  if (
    /^(?:Dockerfile|Containerfile)(?:\..+)?$|\.(?:dockerfile|containerfile)$/i.test(name) &&
    !name.endsWith('.dockerignore')
  )
    return true;
  return !/\.(?:ya?ml|json|txt|in)$/i.test(name) && /^(?:\s*#[^\n]*\n|\s*\n|ARG[^\n]*\n)*FROM\s+\S/i.test(text);
}

function isRequirements(name: string, text: string): boolean {
  if (/\.(?:txt|in|pip)$/i.test(name)) return true;
  if (/\.(?:ya?ml|json)$/i.test(name)) return false;
  return !/^\s*(?:[A-Za-z_$][\w$-]*\s*:(?:\s|$)|\{)/m.test(text);
}

function isV1(keys: readonly string[]): boolean {
  return keys.includes('docker') && keys.includes('python');
}

function topLevelKeys(document: YamlDocument): string[] {
  const { value, source } = document;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.keys(value);
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    `\`${source.path}\` is no environment file: it holds ${Array.isArray(value) ? 'a list' : 'a single text'}`,
    {
      hint: 'A requirements file ends in `.txt`; an environment file is a map with keys such as `image` and `conda_file`.',
    },
  );
}

function parseOrRefuse(main: SourceDocument): YamlDocument {
  try {
    return parseYaml(main, 'INVALID_DEFINITION');
  } catch (error) {
    refuseTemplate(main);
    throw error;
  }
}

function refuse(main: SourceDocument, format: { what: string; advice: string } | undefined): void {
  if (format === undefined) return;
  throw new AppError('UNSUPPORTED_FORMAT', `\`${main.path}\` is ${format.what}, not a definition that Terroir reads`, {
    hint: format.advice,
  });
}

function refuseTemplate(main: SourceDocument): void {
  const placeholder = findPlaceholder(main.text);
  if (placeholder === undefined) return;
  const position = positionAt(main, placeholder.start);
  const line = main.text.slice(0, placeholder.start).split('\n').at(-1) ?? '';
  if (/(?:^|\s)#/.test(line)) return;
  throwProblems('UNSUPPORTED_FORMAT', [
    {
      position,
      message: `the file is a template: \`${placeholder.text}\` is a placeholder`,
      hint: 'Fill the template in first, and name the result.',
    },
  ]);
}

function refuseMixture(document: YamlDocument, keys: readonly string[]): never {
  const key = keys.includes('dependencies') ? 'dependencies' : 'channels';
  return throwProblems('INVALID_DEFINITION', [
    {
      position: document.locate([key], 'key'),
      message: `\`${key}\` belongs into a conda file, and this is an environment file`,
      hint: 'Move `channels` and `dependencies` under `conda_file:`, or into a file that it names.',
    },
  ]);
}
