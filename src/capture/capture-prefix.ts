import { join } from 'node:path';
import { AppError } from '../errors/index.ts';
import { isFolder, pathExists } from '../io/index.ts';
import { captureConda } from './capture-conda.ts';
import { captureVenv } from './capture-venv.ts';
import type { Captured } from './captured.ts';

/** Reads an environment. @throws AppError FILE_NOT_FOUND, UNSUPPORTED_FORMAT for a folder that is no environment. */
export async function capturePrefix(prefix: string): Promise<Captured> {
  if (!(await isFolder(prefix))) {
    throw new AppError('FILE_NOT_FOUND', `the folder \`${prefix}\` does not exist`, {
      hint: 'Name the folder of an environment: `--prefix ~/miniconda3/envs/NAME` or `--prefix .venv`.',
    });
  }
  if (await isFolder(join(prefix, 'conda-meta'))) return await captureConda(prefix);
  if (await pathExists(join(prefix, 'pyvenv.cfg'))) return await captureVenv(prefix);
  throw new AppError('UNSUPPORTED_FORMAT', `\`${prefix}\` is no environment`, {
    hint: 'A conda environment has a folder `conda-meta`, a venv a file `pyvenv.cfg`.',
  });
}
