import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Problem, ShapeReader, YamlPath } from '../documents/index.ts';
import type { ReadJobOptions } from './read-job.ts';
import { isRemote } from './unsupported.ts';

/** What the parts of a job are read with. */
export interface JobReader {
  readonly shape: ShapeReader;
  readonly options: ReadJobOptions;
  /** What is right, but cannot be done here. */
  readonly unsupported: Problem[];
  readonly notes: string[];
  refuse(path: YamlPath, message: string, hint: string, which?: 'key' | 'value'): void;
  /** The absolute path of a text in the file; undefined (and refused) for a place that is not on this machine. */
  localPath(path: YamlPath, subject: string): { path: string; written: string } | undefined;
}

export function createJobReader(shape: ShapeReader, options: ReadJobOptions): JobReader {
  const unsupported: Problem[] = [];
  const refuse: JobReader['refuse'] = (path, message, hint, which = 'key') => {
    unsupported.push({ position: shape.document.locate(path, which), message, hint });
  };
  return {
    shape,
    options,
    unsupported,
    notes: [],
    refuse,
    localPath: (path, subject) => {
      const written = shape.text(path)?.trim();
      if (written === undefined) return undefined;
      if (written === '') {
        shape.report(path, `the path of ${subject} is empty`);
        return undefined;
      }
      if (isRemote(written)) {
        refuse(
          path,
          `${subject} is \`${written}\`, which is not on this machine`,
          'Download it, and name the file or folder.',
          'value',
        );
        return undefined;
      }
      return { path: resolve(options.folder, withoutScheme(written)), written };
    },
  };
}

/** `file:./data`, as Azure ML writes it, and `file:///data`. */
export function withoutScheme(path: string): string {
  if (path.startsWith('file://')) return fileURLToPath(path);
  return path.replace(/^file:/, '');
}
