import type { YamlPath } from '../documents/index.ts';
import type { JobOutput } from '../schema/index.ts';
import { checkPlaceholders } from './check-placeholders.ts';
import type { JobReader } from './job-reader.ts';
import { pathTypes, readNames } from './read-inputs.ts';

const keys = ['type', 'path', 'mode', 'description'] as const;
const modes = ['rw_mount', 'upload', 'direct'] as const;

/** `outputs`; one without a map is a folder of the run. */
export function readOutputs(reader: JobReader): { outputs: Record<string, JobOutput>; names: string[] } {
  const names = readNames(reader, 'outputs');
  const outputs: Record<string, JobOutput> = {};
  for (const name of names) outputs[name] = readOutput(reader, name);
  return { outputs, names };
}

function readOutput(reader: JobReader, name: string): JobOutput {
  const { shape } = reader;
  const path = ['outputs', name];
  if (!shape.map(path, [...keys, 'name', 'version'], `the output \`${name}\``)) return { type: 'uri_folder' };
  for (const key of ['name', 'version'] as const) {
    if (shape.has([...path, key]))
      reader.refuse(
        [...path, key],
        `a run does not register its output \`${name}\` by itself`,
        'Register it when the run has ended: `terroir model register --run RUN --name NAME --path PATH`.',
      );
  }
  shape.oneOf([...path, 'mode'], modes);
  const type = shape.oneOf([...path, 'type'], pathTypes) ?? 'uri_folder';
  const local = reader.localPath([...path, 'path'], `the output \`${name}\``);
  if (local !== undefined) checkPath(reader, [...path, 'path'], local.written);
  return local === undefined ? { type } : { type, path: local.path };
}

/** A path may name the run, so that runs don't write into one another's outputs. */
function checkPath({ shape }: JobReader, path: YamlPath, text: string): void {
  for (const { message } of checkPlaceholders(text, {
    inputs: [],
    outputs: [],
    optionalInputs: [],
  })) {
    shape.report(path, `in the path of an output, ${message}`, 'Only `${{name}}`, the run’s id, has a meaning there.');
  }
}
