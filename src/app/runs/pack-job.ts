import { dirname, relative, resolve } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { readBytes, statIfExists } from '../../io/index.ts';
import { readJob } from '../../jobs/index.ts';
import type { UploadedFiles } from '../../schema/index.ts';
import { collectSnapshot } from '../../snapshots/index.ts';
import { decodeSource } from '../environments/decode-source.ts';
import { bareDefinitionPath, isDefinitionPath } from '../environments/definition-path.ts';
import { type PackedContent, packFile } from '../environments/packed-content.ts';
import { similarFiles } from '../environments/similar-files.ts';
import { codeFolder } from './code-folder.ts';

/** What of a job is on this machine: its text, the definition that it names by path, its code. */
export interface PackedJob {
  text: string;
  /** The definition's file, if the job names one, as one names it in `cwd`. */
  environmentFile: string | undefined;
  /** A definition that stands in the job, and the folder that its paths start from. */
  inline: { text: string; folder: string } | undefined;
  /** The code's folder. */
  code: string | undefined;
  /** Variables of the submitter's environment that it takes. */
  secrets: string[];
}

/** Reads a job file and sees what must go with it. @throws AppError FILE_NOT_FOUND, INVALID_JOB. */
export async function packJob(
  path: string,
  {
    cwd,
    environment,
    inputs,
    target,
  }: { cwd: string; environment?: string; inputs?: Record<string, string>; target?: string },
): Promise<PackedJob> {
  const file = resolve(cwd, path);
  if ((await statIfExists(file))?.isFile() !== true)
    throw new AppError('FILE_NOT_FOUND', `the job file \`${path}\` does not exist`, {
      hint: await similarFiles(file),
    });
  const text = decodeSource(await readBytes(file), path);
  const folder = dirname(file);
  const job = readJob({ path, text }, { folder, environment, inputs, target, cwd: folder, workers: 'any' });
  const own = environment === undefined ? job.environment : undefined;
  const named = own?.kind === 'reference' && (await isDefinitionPath({ cwd: folder }, own.reference));
  return {
    text,
    environmentFile: named ? `./${relative(cwd, resolve(folder, bareDefinitionPath(own.reference)))}` : undefined,
    inline: own?.kind === 'inline' ? { text: own.source, folder } : undefined,
    code: job.code === undefined ? undefined : await codeFolder(job.code),
    secrets: Object.values(job.environmentVariables).flatMap((each) => (each.kind === 'secret' ? [each.variable] : [])),
  };
}

/** A folder of code as it goes with a run. @throws AppError SNAPSHOT_TOO_LARGE, FILE_NOT_FOUND. */
export async function packCode(
  folder: string,
  signal?: AbortSignal,
): Promise<{ files: UploadedFiles; contents: Map<string, PackedContent> }> {
  const { entries } = await collectSnapshot(folder, { signal });
  const files: UploadedFiles = {};
  const contents = new Map<string, PackedContent>();
  for (const entry of entries) {
    if (entry.type === 'link') files[entry.path] = { link: entry.target };
    else {
      files[entry.path] = { digest: entry.digest, ...(entry.executable ? { executable: true } : {}) };
      contents.set(entry.digest, packFile(resolve(folder, entry.path), entry.size));
    }
  }
  return { files, contents };
}
