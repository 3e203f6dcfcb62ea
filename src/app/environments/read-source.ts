import { basename, dirname, extname, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import {
  chooseMainFile,
  type FileAccess,
  lockFileFormat,
  type ReadResult,
  readDefinition,
} from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import { isFolder, listFolder, readBytes, readStandardInput, statIfExists } from '../../io/index.ts';
import type { UploadedFiles } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { decodeSource } from './decode-source.ts';
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
}

/** Reads a definition from wherever it is. @throws AppError FILE_NOT_FOUND, INVALID_DEFINITION, UNSUPPORTED_FORMAT. */
export async function readSource(app: App, source: DefinitionSource): Promise<ReadSource> {
  if (source.kind === 'uploaded') {
    const { blobs } = await app.openWorkspace();
    const files = await accessUploads(blobs, source.files);
    return { read: await readDefinition({ path: source.path, text: source.text }, files), files };
  }
  if (app.remote === true) throw new Error(`a ${source.kind} of another machine`);
  const { folder, path, text } = await locateSource(app, source);
  const files = accessFolder(folder);
  return { read: await readDefinition({ path, text }, files), files };
}

/** A definition's text, and where its paths start. */
export interface LocatedSource {
  folder: string;
  /** The name of its file, which tells the format. */
  path: string;
  text: string;
}

/** Finds a definition on this machine. @throws AppError FILE_NOT_FOUND. */
export async function locateSource({ cwd }: Pick<App, 'cwd'>, source: LocalSource): Promise<LocatedSource> {
  switch (source.kind) {
    case 'path':
      return await locatePath(cwd, source.path, source.python);
    case 'stdin':
      return { folder: cwd, path: 'environment.yml', text: await readStandardInput() };
    case 'inline':
      return { folder: source.folder, path: basename(source.path), text: source.text };
    case 'parts':
      return { folder: cwd, path: 'environment.yml', text: partsText(cwd, source) };
  }
}

async function locatePath(cwd: string, path: string, python: string | undefined): Promise<LocatedSource> {
  const absolute = resolve(cwd, path.replace(/^file:(?:\/\/(?=\/))?/, ''));
  const file = (await isFolder(absolute)) ? resolve(absolute, await mainFileOf(absolute)) : absolute;
  if ((await statIfExists(file)) === undefined) {
    throw new AppError('FILE_NOT_FOUND', `the file \`${path}\` does not exist`, {
      hint: await similarFiles(file),
    });
  }
  const text = decodeSource(await readBytes(file), path);
  const folder = dirname(file);
  if (python === undefined) return { folder, path: basename(file), text };
  const format = lockFileFormat({ path: file, text });
  const isRequirements = format === undefined ? /^\.(?:txt|in)$/.test(extname(file)) : format === 'pylock';
  const pointer = isRequirements ? 'requirements' : 'conda_file';
  return {
    folder,
    path: 'environment.yml',
    text: stringify({ python: { version: python }, [pointer]: basename(file) }),
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
