import type { CommandJob } from '../schema/index.ts';
import type { JobReader } from './job-reader.ts';
import { splitWords } from './split-words.ts';
import { unsupportedResources } from './unsupported.ts';

/** `compute`; the caller's target wins. */
export function readCompute(reader: JobReader): string | undefined {
  const { shape, options, notes } = reader;
  const written = shape.text(['compute'])?.trim();
  const compute = written?.replace(/^azureml:/, '');
  if (options.target !== undefined) {
    if (written !== undefined && options.target !== compute)
      notes.push(`the job’s \`compute: ${written}\` was overruled by the target \`${options.target}\``);
    return options.target;
  }
  const { workers = [] } = options;
  if (compute === undefined || workers === 'any') return compute;
  const targets = ['local', 'docker', ...workers];
  if (!targets.includes(compute))
    reader.refuse(
      ['compute'],
      `the compute target \`${written ?? ''}\` does not exist here`,
      `Write ${targets.map((name) => `\`compute: ${name}\``).join(' or ')}, or run it with \`--target local\`.`,
      'value',
    );
  return compute;
}

/** `limits.timeout`, in seconds. */
export function readTimeout({ shape }: JobReader): number | undefined {
  if (!shape.map(['limits'], ['timeout'], '`limits`')) return undefined;
  const timeout = shape.integer(['limits', 'timeout']);
  if (timeout !== undefined && timeout <= 0)
    shape.report(['limits', 'timeout'], '`timeout` must be at least 1 (seconds)');
  return timeout;
}

/**
 * `resources`: what one process on this machine has anyway, and what a container can be given. A job that does not say where it runs may come to run in
 * one: whoever places it knows.
 */
export function readResources(reader: JobReader, compute: string | undefined): CommandJob['container'] {
  const { shape } = reader;
  if (!shape.map(['resources'], ['instance_count', ...Object.keys(unsupportedResources)], '`resources`'))
    return undefined;
  const inContainer = compute !== 'local';
  for (const [key, { reason, hint }] of Object.entries(unsupportedResources)) {
    if (inContainer && (key === 'shm_size' || key === 'docker_args')) continue;
    if (shape.has(['resources', key]))
      reader.refuse(['resources', key], `\`resources.${key}\` is not supported: ${reason}`, hint);
  }
  const count = shape.integer(['resources', 'instance_count']);
  if (count !== undefined && count !== 1)
    reader.refuse(
      ['resources', 'instance_count'],
      `\`instance_count: ${count}\` is not supported: a local run is one process on one machine`,
      'Write 1, or remove it.',
      'value',
    );
  if (!inContainer) return undefined;
  const shmSize = shape.text(['resources', 'shm_size']);
  if (shmSize !== undefined && !/^\d+[bkmg]?$/i.test(shmSize))
    shape.report(['resources', 'shm_size'], `\`${shmSize}\` is no size`, 'Write it like `2g` or `512m`.');
  const dockerArgs = readDockerArgs(reader);
  return shmSize === undefined && dockerArgs === undefined ? undefined : { shmSize, dockerArgs };
}

/** A text, or a list of words, as newer clients of Azure ML write it. */
function readDockerArgs({ shape }: JobReader): string[] | undefined {
  const path = ['resources', 'docker_args'];
  if (Array.isArray(shape.value(path))) return shape.textList(path);
  const text = shape.text(path);
  const words = text === undefined ? [] : splitWords(text);
  if (words === undefined)
    shape.report(
      path,
      'a quote in `docker_args` does not end',
      'It is split as a shell splits words: close the quote, write `\\"` for one that is meant, or write a list of words.',
    );
  return words?.length === 0 ? undefined : words;
}
