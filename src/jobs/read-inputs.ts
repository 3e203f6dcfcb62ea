import { resolve } from 'node:path';
import { nearest, type YamlPath } from '../documents/index.ts';
import { AppError } from '../errors/index.ts';
import { InputMode, type JobInput } from '../schema/index.ts';
import { type JobReader, withoutScheme } from './job-reader.ts';
import { checkLiteral, type LiteralRule, literalTypes, readRule, toLiteral } from './literal-rule.ts';
import { isRemote } from './unsupported.ts';

export const pathTypes = ['uri_file', 'uri_folder', 'mltable', 'mlflow_model', 'custom_model', 'triton_model'] as const;
type PathMode = Extract<JobInput, { kind: 'path' }>['mode'];
const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const pathKeys = ['type', 'path', 'mode', 'optional', 'description'] as const;
const literalKeys = ['type', 'value', 'default', 'min', 'max', 'enum', 'optional', 'description'] as const;

export interface ReadInputs {
  inputs: Record<string, JobInput>;
  optionalInputs: string[];
  /** Every name that the file has, also where its value is wrong. */
  names: string[];
}

/** `inputs`, with the values that the caller sets instead. */
export function readInputs(reader: JobReader): ReadInputs {
  const result: ReadInputs = { inputs: {}, optionalInputs: [], names: readNames(reader, 'inputs') };
  const overrides = reader.options.inputs ?? {};
  for (const name of Object.keys(overrides)) if (!result.names.includes(name)) throw unknownInput(name, result.names);
  for (const name of result.names) {
    const path = ['inputs', name];
    const isOptional = isMap(reader.shape.value(path)) && reader.shape.flag([...path, 'optional']) === true;
    if (isOptional) result.optionalInputs.push(name);
    const input = readInput(reader, name, { override: overrides[name], isOptional });
    if (input !== undefined) result.inputs[name] = input;
  }
  return result;
}

/** The names of `inputs` or `outputs`. */
export function readNames(reader: JobReader, key: 'inputs' | 'outputs'): string[] {
  const found = reader.shape.value([key]);
  if (found === undefined || found === null) return [];
  if (!isMap(found)) {
    reader.shape.report([key], `\`${key}\` must be a map from names to values`);
    return [];
  }
  for (const name of Object.keys(found)) {
    if (!namePattern.test(name))
      reader.shape.report(
        [key, name],
        `\`${name}\` is no name for ${key === 'inputs' ? 'an input' : 'an output'}`,
        'Names have letters, digits and `_`, and begin with no digit.',
        'key',
      );
  }
  return Object.keys(found);
}

interface InputContext {
  override: string | undefined;
  isOptional: boolean;
}

function readInput(reader: JobReader, name: string, context: InputContext): JobInput | undefined {
  const { shape } = reader;
  const path = ['inputs', name];
  const found = shape.value(path);
  if (found === null) {
    if (context.override !== undefined) return { kind: 'literal', value: context.override };
    shape.report(
      path,
      `the input \`${name}\` has no value`,
      `Write one, or give it with \`--input ${name}=…\`.`,
      'key',
    );
    return undefined;
  }
  if (Array.isArray(found)) {
    shape.report(
      path,
      `the input \`${name}\` is a list`,
      'An input is a single value, or a map with `type` and `path`.',
    );
    return undefined;
  }
  if (!isMap(found)) {
    if (context.override !== undefined) return { kind: 'literal', value: context.override };
    return { kind: 'literal', value: toLiteral(shape, path) };
  }
  const type = shape.has([...path, 'type'])
    ? shape.oneOf([...path, 'type'], [...pathTypes, ...literalTypes])
    : undefined;
  if (shape.has([...path, 'type']) && type === undefined) return undefined;
  const isLiteral = type === undefined ? !shape.has([...path, 'path']) : isLiteralType(type);
  return isLiteral ? readLiteral(reader, name, context) : readPath(reader, name, context);
}

function readPath(reader: JobReader, name: string, { override, isOptional }: InputContext): JobInput | undefined {
  const { shape, options } = reader;
  const path = ['inputs', name];
  if (!shape.map(path, pathKeys, `the input \`${name}\``)) return undefined;
  const type = shape.oneOf([...path, 'type'], pathTypes) ?? 'uri_folder';
  const mode = readMode(reader, path);
  if (override !== undefined) {
    if (isRemote(override))
      throw new AppError('USAGE', `the input \`${name}\` is \`${override}\`, which is not on this machine`, {
        hint: 'Download it, and name the file or folder.',
      });
    return {
      kind: 'path',
      type,
      path: resolve(options.cwd ?? options.folder, withoutScheme(override)),
      written: override,
      ...(mode === undefined ? {} : { mode }),
    };
  }
  if (!shape.has([...path, 'path'])) {
    if (!isOptional)
      shape.report(
        path,
        `the input \`${name}\` has no \`path\``,
        `Write one, or give it with \`--input ${name}=…\`.`,
        'key',
      );
    return undefined;
  }
  const local = reader.localPath([...path, 'path'], `the input \`${name}\``);
  return local === undefined ? undefined : { kind: 'path', type, ...local, ...(mode === undefined ? {} : { mode }) };
}

/** A local run hands out the file itself: the script reads it where it is, as with a mount or a download. */
function readMode(reader: JobReader, path: YamlPath): PathMode | undefined {
  const mode = reader.shape.oneOf([...path, 'mode'], InputMode.options);
  if (mode !== 'eval_mount' && mode !== 'eval_download') return mode;
  reader.refuse(
    [...path, 'mode'],
    `the mode \`${mode}\` makes files of an MLTable, which a local run does not do`,
    'Use `ro_mount` or `download`, and read the table in the script.',
  );
  return undefined;
}

function readLiteral(reader: JobReader, name: string, { override, isOptional }: InputContext): JobInput | undefined {
  const { shape } = reader;
  const path = ['inputs', name];
  if (!shape.map(path, literalKeys, `the input \`${name}\``)) return undefined;
  if (shape.has([...path, 'value']) && shape.has([...path, 'default'])) {
    shape.report(
      [...path, 'default'],
      `the input \`${name}\` has both \`value\` and \`default\``,
      'Keep one of them.',
      'key',
    );
  }
  const rule = readRule(shape, path);
  const key = shape.has([...path, 'value']) ? 'value' : 'default';
  if (override !== undefined) {
    const problem = checkLiteral(override, rule);
    if (problem !== undefined) throw new AppError('USAGE', `the input \`${name}\` is \`${override}\`; ${problem}`);
    return { kind: 'literal', value: override };
  }
  if (!shape.has([...path, key])) {
    if (!isOptional)
      shape.report(
        path,
        `the input \`${name}\` has no value`,
        `Write \`value:\`, or give it with \`--input ${name}=…\`.`,
        'key',
      );
    return undefined;
  }
  return checkedLiteral(reader, [...path, key], rule);
}

function checkedLiteral({ shape }: JobReader, path: YamlPath, rule: LiteralRule): JobInput | undefined {
  const text = shape.text(path);
  if (text === undefined) return undefined;
  const problem = checkLiteral(text, rule);
  if (problem !== undefined) shape.report(path, `the value is \`${text}\`; ${problem}`);
  return { kind: 'literal', value: toLiteral(shape, path) };
}

function isLiteralType(type: string): boolean {
  return (literalTypes as readonly string[]).includes(type);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownInput(name: string, names: readonly string[]): AppError {
  const near = nearest(name, names);
  const list = names.map((one) => `\`${one}\``).join(', ');
  return new AppError('USAGE', `the job has no input \`${name}\``, {
    hint:
      names.length === 0
        ? 'It has none.'
        : `${near === undefined ? '' : `Did you mean \`${near}\`? `}There are: ${list}.`,
  });
}
