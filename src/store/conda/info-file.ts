import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { invalidPackage } from './invalid-package.ts';

/** Reads files of a package's `info/`, whose sizes were held in bounds when they were unpacked. */
export interface InfoFolder {
  /** The package's file name, for messages. */
  label: string;
  has(name: string): boolean;
  /** Lines without the white space around them; neither empty ones nor comments. None if there is no such file. */
  lines(name: string): string[];
  /** Undefined if there is no such file. @throws AppError INVALID_PACKAGE. */
  json<T>(name: string, schema: z.ZodType<T>): T | undefined;
}

export function openInfoFolder(folder: string, names: ReadonlySet<string>, label: string): InfoFolder {
  const has = (name: string): boolean => names.has(`info/${name}`);
  const text = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8');
  return {
    label,
    has,
    lines: (name) =>
      has(name)
        ? text(name)
            .split('\n')
            .map((line) => line.trim())
            .filter((line) => line !== '' && !line.startsWith('#'))
        : [],
    json: (name, schema) => {
      if (!has(name)) return undefined;
      let value: unknown;
      try {
        value = JSON.parse(text(name));
      } catch (error) {
        throw invalidPackage(label, `\`info/${name}\` is no JSON`, error);
      }
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      throw invalidPackage(
        label,
        `\`info/${name}\`: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
        parsed.error,
      );
    },
  };
}
