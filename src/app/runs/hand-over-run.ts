import { isAppError } from '../../errors/index.ts';
import type { PackedContent } from '../environments/packed-content.ts';
import { type PackOptions, packRun, type RunInput } from './pack-run.ts';
import type { UploadedJob } from './submit-uploaded.ts';

/** A file may be replaced between two looks at it; one that is replaced that often will not stand still. */
const attempts = 4;

/**
 * Packs a run and brings its contents to where they are wanted. A snapshot has each file as it was at one moment: where one was changed in between,
 * everything is looked at again.
 * @throws AppError FILE_CHANGED for a file that keeps changing; what packing throws, and `keep`.
 */
export async function handOverRun(
  input: RunInput,
  options: PackOptions,
  keep: (contents: ReadonlyMap<string, PackedContent>) => Promise<void>,
): Promise<UploadedJob> {
  for (let attempt = 1; ; attempt += 1) {
    const { request, contents } = await packRun(input, attempt === 1 ? options : { ...options, warn: undefined });
    try {
      await keep(contents);
      return request;
    } catch (error) {
      if (!isAppError(error, 'FILE_CHANGED') || attempt === attempts) throw error;
    }
  }
}
