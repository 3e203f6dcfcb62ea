import type { ShapeReader } from '../documents/index.ts';

/** What a run on this machine cannot do, and what to do instead. */
const unsupported: readonly { key: string; advice: string }[] = [
  { key: 'distribution', advice: 'A local run is one process; start more of them in your command.' },
  { key: 'services', advice: 'Start them in your command.' },
  { key: 'identity', advice: 'A local run is you.' },
  { key: 'queue_settings', advice: 'A local run starts at once.' },
  { key: 'parent_job_name', advice: 'Runs have no parents here.' },
];

/** Reports every key of a job that a local run would have to ignore. */
export function reportUnsupported(reader: ShapeReader): void {
  for (const { key, advice } of unsupported) {
    if (reader.has([key])) reader.report([key], `\`${key}\` cannot be honoured by a local run`, `${advice} Remove it.`, 'key');
  }
  if (!reader.map(['resources'], ['instance_count', 'instance_type', 'shm_size', 'docker_args', 'locations', 'max_instance_count', 'properties'], '`resources`')) return;
  const count = reader.integer(['resources', 'instance_count']);
  if (count !== undefined && count !== 1) reader.report(['resources', 'instance_count'], `a local run has one instance, not ${count}`);
  for (const key of ['instance_type', 'shm_size', 'docker_args', 'locations', 'properties']) {
    if (reader.has(['resources', key])) reader.report(['resources', key], `\`resources.${key}\` cannot be honoured by a local run`, 'Remove it.', 'key');
  }
}
