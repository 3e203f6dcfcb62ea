import {
  type DefinitionSource,
  isDefinitionPath,
  type LocalSource,
  namesakeHint,
  noteWarnings,
  type PackedDefinition,
  packDefinition,
  type RegisteredVersion,
} from '../app/index.ts';
import { AppError, isAppError } from '../errors/index.ts';
import type { Connection } from './connection.ts';
import { versionPath } from './paths.ts';
import { readRegistered } from './registered-version.ts';
import { uploadMissing } from './upload.ts';

/** A definition's text, with the files that it names by digests. */
type DefinitionUpload = Omit<PackedDefinition, 'contents' | 'warnings'>;

export interface Header {
  name?: string;
  version?: string;
  description?: string;
  tags?: Record<string, string>;
  /** Without a name of its own, the version is an anonymous one. */
  anonymous?: boolean;
}

/** Definitions on this machine, as the server wants them. */
export interface Definitions {
  /** Sends what the server lacks of the files that a definition names. */
  upload: (packed: PackedDefinition) => Promise<DefinitionUpload>;
  /** The files that a definition names are sent, and it is answered as a request has it. `quiet` for who asks the server what is odd about it. */
  pack: (source: DefinitionSource, options?: { quiet?: boolean }) => Promise<DefinitionUpload>;
  /** Sends a definition with the files that it names. */
  register: (source: DefinitionSource, header?: Header) => Promise<RegisteredVersion>;
  /** What a word on the command line means there: a reference as it is; a file is registered now. */
  settle: (word: string) => Promise<string>;
}

export function createDefinitions({ api, cwd, emit }: Connection): Definitions {
  const upload: Definitions['upload'] = async ({ text, path, files, contents }) => {
    await uploadMissing({ api, emit }, contents);
    return { text, path, files };
  };
  const send = async (source: LocalSource, quiet: boolean): Promise<DefinitionUpload> => {
    const packed = await packDefinition({ cwd }, source);
    if (!quiet) noteWarnings(emit, packed.warnings);
    return await upload(packed);
  };
  const pack: Definitions['pack'] = async (source, { quiet = false } = {}) =>
    source.kind === 'uploaded' ? withoutKind(source) : await send(source, quiet);
  const register: Definitions['register'] = async (source, header = {}) => {
    const body = { definition: await pack(source), ...header };
    return await readRegistered(api, await api.send({ method: 'POST', path: '/environments', body }));
  };
  /** Only a word that is also a file's name is asked for before it is used: nobody else waits for it. */
  const explainNamesake = async (word: string): Promise<void> => {
    const hint = await namesakeHint(cwd, word);
    if (hint === undefined) return;
    try {
      await api.send({ path: versionPath(word) });
    } catch (error) {
      if (!isAppError(error, 'ENVIRONMENT_NOT_FOUND')) throw error;
      throw new AppError('ENVIRONMENT_NOT_FOUND', error.message, { hint, cause: error });
    }
  };
  return {
    upload,
    pack,
    register,
    settle: async (word) => {
      if (!(await isDefinitionPath({ cwd }, word))) {
        await explainNamesake(word);
        return word;
      }
      const { version, outcome } = await register({ kind: 'path', path: word }, { anonymous: true });
      const reference = `${version.name}:${version.version}`;
      if (outcome === 'created' && version.name !== 'anonymous')
        emit({ type: 'note', level: 'info', message: `registered ${reference}` });
      return reference;
    },
  };
}

function withoutKind({ text, path, files }: Extract<DefinitionSource, { kind: 'uploaded' }>): DefinitionUpload {
  return { text, path, files };
}
