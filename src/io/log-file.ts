import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureFolder, fsErrorToAppError, withFsErrors } from './files.ts';

/** A file that grows while it is read. Chunks stand in it in the order of the calls. */
export interface LogFile {
  /** Resolves when the system has it. After an error all further chunks are dropped. */
  write(chunk: Uint8Array): Promise<void>;
  /** What went wrong while writing, once. */
  close(): Promise<Error | undefined>;
}

export async function openLogFile(path: string): Promise<LogFile> {
  await ensureFolder(dirname(path));
  const file: FileHandle = await withFsErrors(`write \`${path}\``, () => open(path, 'a', 0o644));
  let last: Promise<void> = Promise.resolve();
  let failure: unknown;
  return {
    write: (chunk) => {
      last = last.then(async () => {
        if (failure === undefined) await file.appendFile(chunk).catch((error: unknown) => (failure = error));
      });
      return last;
    },
    close: async () => {
      await last;
      await file.close();
      return failure === undefined ? undefined : (fsErrorToAppError(failure, `write \`${path}\``) as Error);
    },
  };
}
