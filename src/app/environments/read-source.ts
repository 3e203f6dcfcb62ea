import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import {
  chooseMainFile,
  type FileAccess,
  lockFileFormat,
  type ReadResult,
  type ReadWarning,
  readDefinition,
} from '../../definition/index.ts';
import { withShownFiles } from '../../documents/index.ts';
import { AppError } from '../../errors/index.ts';
import { isFolder, listFolder, readBytes, readStandardInput, statIfExists } from '../../io/index.ts';
import type { UploadedFiles } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { decodeSource } from './decode-source.ts';
import { bareDefinitionPath } from './definition-path.ts';
import { accessFolder } from './folder-files.ts';
import { similarFiles } from './similar-files.ts';
import { accessUploads } from './uploaded-files.ts';

/** Where a definition comes from. */
export type DefinitionSource =
  | { kind: 'path'; path: string; python?: string }
  | { kind: 'stdin' }
  /** What somebody sent: the definition's text, and the files around it. */
  | { kind: 'uploaded'; text: string; path: string; files: UploadedFiles }
  /** YAML written in a job file; its paths start from `folder`. */
  | { kind: 'inline'; text: string; folder: string; path: string }
  | {
      kind: 'parts';
      image?: string;
      condaFile?: string;
      requirements?: string;
      dockerfile?: string;
      buildContext?: string;
      python?: string;
    };

/** Where a definition is on this machine. */
export type LocalSource = Exclude<DefinitionSource, { kind: 'uploaded' }>;

export interface ReadSource {
  read: ReadResult;
  files: FileAccess;
  /** Those of `read`, with files as `shown` names them. */
  warnings: readonly ReadWarning[];
  /** The name of one of its files as the caller knows it. */
  shown: (file: string) => string;
}

/** Reads a definition from wherever it is. @throws AppError FILE_NOT_FOUND, INVALID_DEFINITION, UNSUPPORTED_FORMAT. */
export async function readSource(app: App, source: DefinitionSource): Promise<ReadSource> {
  if (source.kind === 'uploaded') {
    const { blobs } = await app.openWorkspace();
    const files = await accessUploads(blobs, source.files);
    const read = await readDefinition({ path: source.path, text: source.text }, files);
    return { read, files, warnings: read.warnings, shown: asItIs };
  }
  if (app.remote === true) throw new Error(`a ${source.kind} of another machine`);
  const located = await locateSource(app, source);
  const { folder, path, text, shown } = located;
  const files = accessFolder(folder);
  const read = await withFilesAsShown(located, () => readDefinition({ path, text }, files));
  return { read, files, warnings: showWarnings(read, shown), shown };
}

/** What reading found odd, with files as the caller knows them. */
export function showWarnings(
  { warnings }: { warnings: readonly ReadWarning[] },
  shown: LocatedSource['shown'],
): readonly ReadWarning[] {
  return warnings.map((warning) => ({
    ...warning,
    position: { ...warning.position, file: shown(warning.position.file) },
  }));
}

/** Reads, and names files in errors as the caller does. */
export async function withFilesAsShown<T>({ shown }: Pick<LocatedSource, 'shown'>, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw withShownFiles(error, shown);
  }
}

/** A definition's text, and where its paths start. */
export interface LocatedSource {
  folder: string;
  /** The name of its file, which tells the format. */
  path: string;
  text: string;
  /** The name of a file beside it, as the caller knows it: `env check envs/site.yml` complains of `envs/site.yml`. */
  shown: (file: string) => string;
}

/** Finds a definition on this machine. @throws AppError FILE_NOT_FOUND. */
export async function locateSource({ cwd }: Pick<App, 'cwd'>, source: LocalSource): Promise<LocatedSource> {
  switch (source.kind) {
    case 'path':
      return await locatePath(cwd, source.path, source.python);
    case 'stdin':
      return { folder: cwd, path: 'environment.yml', text: await readStandardInput(), shown: asItIs };
    case 'inline':
      return {
        folder: source.folder,
        path: basename(source.path),
        text: source.text,
        shown: shownFrom(dirname(source.path)),
      };
    case 'parts':
      return { folder: cwd, path: 'environment.yml', text: partsText(cwd, source), shown: asItIs };
  }
}

function asItIs(file: string): string {
  return file;
}

function shownFrom(folder: string): (file: string) => string {
  return (file) => (isAbsolute(file) ? file : join(folder, file));
}

async function locatePath(cwd: string, path: string, python: string | undefined): Promise<LocatedSource> {
  const bare = bareDefinitionPath(path);
  const absolute = resolve(cwd, bare);
  const hasFolder = await isFolder(absolute);
  const file = hasFolder ? resolve(absolute, await mainFileOf(absolute)) : absolute;
  const shown = shownFrom(hasFolder ? bare : dirname(bare));
  if ((await statIfExists(file)) === undefined) {
    throw new AppError('FILE_NOT_FOUND', `the file \`${path}\` does not exist`, {
      hint: await similarFiles(file),
    });
  }
  const text = decodeSource(await readBytes(file), path);
  const folder = dirname(file);
  if (python === undefined) return { folder, path: basename(file), text, shown };
  const format = lockFileFormat({ path: file, text });
  const isRequirements = format === undefined ? /^\.(?:txt|in)$/.test(extname(file)) : format === 'pylock';
  const pointer = isRequirements ? 'requirements' : 'conda_file';
  return {
    folder,
    path: 'environment.yml',
    text: stringify({ python: { version: python }, [pointer]: basename(file) }),
    shown,
  };
}

async function mainFileOf(folder: string): Promise<string> {
  const names = (await listFolder(folder)).filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const main = chooseMainFile(names);
  if (main !== undefined) return main;
  throw new AppError('FILE_NOT_FOUND', `the folder \`${folder}\` has no definition`, {
    hint: 'It would be an environment.yml, a requirements.txt, a Dockerfile or an azureml_environment.json; or name the file itself.',
  });
}

/** An environment file that says the same as the options. */
function partsText(cwd: string, parts: Extract<DefinitionSource, { kind: 'parts' }>): string {
  const { image, condaFile, requirements, dockerfile, buildContext, python } = parts;
  const near = (path: string): string => relative(cwd, resolve(cwd, path)) || '.';
  if (image !== undefined && (dockerfile !== undefined || buildContext !== undefined)) {
    throw new AppError('USAGE', 'Docker image or Dockerfile should be provided not both', {
      hint: 'Give --image for a ready base, or --dockerfile and --build-context for one of your own.',
    });
  }
  const context = buildContext ?? (dockerfile === undefined ? undefined : dirname(dockerfile));
  return stringify({
    ...(image === undefined ? {} : { image }),
    ...(context === undefined
      ? {}
      : {
          build: {
            path: near(context),
            dockerfile_path:
              dockerfile === undefined ? 'Dockerfile' : relative(resolve(cwd, context), resolve(cwd, dockerfile)),
          },
        }),
    ...(condaFile === undefined ? {} : { conda_file: near(condaFile) }),
    ...(requirements === undefined ? {} : { requirements: near(requirements) }),
    ...(python === undefined ? {} : { python: { version: python } }),
  });
}
