import type { JobReader } from './job-reader.ts';
import { unsupportedResources } from './unsupported.ts';

/** `compute`; the caller's target wins. */
export function readCompute(reader: JobReader): string {
  const { shape, options, notes } = reader;
  const written = shape.text(['compute'])?.trim();
  const compute = written?.replace(/^azureml:/, '') ?? 'local';
  if (options.target !== undefined) {
    if (options.target !== compute)
      notes.push(`the job’s \`compute: ${written ?? 'local'}\` was overruled by the target \`${options.target}\``);
    return options.target;
  }
  if (compute !== 'local')
    reader.refuse(
      ['compute'],
      `the compute target \`${written ?? ''}\` does not exist here`,
      'Write `compute: local`, or run it with `--target local`.',
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

/** `resources`: only what one process on this machine has anyway. */
export function checkResources(reader: JobReader): void {
  const { shape } = reader;
  if (!shape.map(['resources'], ['instance_count', ...Object.keys(unsupportedResources)], '`resources`')) return;
  for (const [key, { reason, hint }] of Object.entries(unsupportedResources)) {
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
}
