/** Keys of Azure ML's jobs that mean something, but not on one machine; why, and what to do. */
export const unsupportedKeys: Readonly<Record<string, { reason: string; hint: string }>> = {
  distribution: {
    reason: 'a local run is one process on one machine',
    hint: 'Start the workers in the command, for instance with `torchrun --nproc-per-node`.',
  },
  services: {
    reason: 'a local run starts no services beside the script',
    hint: 'Start what you need in the command, or from `terroir env shell`.',
  },
  identity: { reason: 'a local run has the rights of whoever starts it', hint: 'Remove it.' },
  queue_settings: { reason: 'a local run starts at once', hint: 'Remove it.' },
  properties: { reason: 'a run has no properties besides its record', hint: 'Use `tags`.' },
  parent_job_name: { reason: 'runs have no parents', hint: 'Use `experiment_name` or `tags` to group runs.' },
  component: {
    reason: 'there are no components',
    hint: 'Write the component’s `command`, `code` and `environment` into the job.',
  },
};

export const unsupportedResources = {
  instance_type: { reason: 'a local run has this machine', hint: 'Remove it.' },
  shm_size: {
    reason: 'a local run has the machine’s own shared memory',
    hint: 'Run it with `--target docker`, or remove it.',
  },
  docker_args: { reason: 'a local run uses no container', hint: 'Run it with `--target docker`, or remove it.' },
  locations: { reason: 'a local run happens here', hint: 'Remove it.' },
  max_instance_count: { reason: 'a local run is one process on one machine', hint: 'Remove it.' },
  properties: { reason: 'a local run has this machine', hint: 'Remove it.' },
} as const satisfies Readonly<Record<string, { reason: string; hint: string }>>;

/** Azure ML's other kinds of jobs. */
export const otherJobTypes = [
  'pipeline',
  'sweep',
  'spark',
  'parallel',
  'automl',
  'import',
  'data_transfer',
  'fine_tuning',
  'distillation',
] as const;

/** A place that is not on this machine. */
export function isRemote(path: string): boolean {
  return /^(?:azureml:|git\+|git@|(?!file:)[a-z][a-z0-9+.-]+:\/\/)/i.test(path);
}
