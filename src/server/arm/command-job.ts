import type { UploadedJob } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import type { AddressOf } from './address.ts';
import { readDuration } from './duration.ts';
import { environmentOfId } from './environment-id.ts';
import type { CommandJobProperties } from './job-requests.ts';

/** Why a property is refused, and what to do. */
const refused = {
  codeId: [
    'the code of a job lies in a storage account, and this workspace has none',
    'Send it with `POST /api/v1/runs` or `terroir run`, which take files; or put it into the image or the command.',
  ],
  componentId: ['there are no components', 'Write the component’s command and environment into the job.'],
  distribution: ['a run is one process on one machine', 'Start the workers in the command, such as with `torchrun`.'],
  services: ['a run starts no services beside the command', 'Start what you need in the command.'],
  queueSettings: ['what waits is taken by priority and age', 'Send it with `POST /api/v1/runs`, which has `priority`.'],
} as const satisfies Partial<Record<keyof CommandJobProperties, readonly [reason: string, hint: string]>>;

/** What a client of Azure sends for shared memory without having been asked; only a container has its own. */
const unaskedShmSize = '2g';

/**
 * A command job of Azure's resource manager as a job file: so it is read, checked and refused as one.
 * @throws AppError UNSUPPORTED_FEATURE, naming the property, for what a run here cannot do; WORKSPACE_NOT_FOUND.
 */
export function uploadedJobOf(properties: CommandJobProperties, addressOf: AddressOf): UploadedJob {
  refuse(properties);
  const { command, environmentVariables, displayName, experimentName, description, tags } = properties;
  const compute = computeOf(properties.computeId, addressOf);
  const job = {
    command,
    environment: environmentOfId(properties.environmentId, addressOf),
    environment_variables: withoutNulls(environmentVariables),
    display_name: displayName ?? undefined,
    experiment_name: experimentName ?? undefined,
    description: description ?? undefined,
    tags: Object.fromEntries(Object.entries(tags ?? {}).map(([key, value]) => [key, value ?? ''])),
    inputs: inputsOf(properties),
    outputs: outputsOf(properties),
    compute,
    limits: limitsOf(properties),
    resources: resourcesOf(properties, compute),
  };
  // JSON is YAML.
  return { job: JSON.stringify(job, undefined, 2) };
}

function refuse(properties: CommandJobProperties): void {
  const { identity, isArchived } = properties;
  if (isArchived === true) throw unsupported('isArchived', 'runs are not archived', 'Leave it out.');
  for (const [name, [reason, hint]] of Object.entries(refused))
    if (!isEmpty(properties[name as keyof typeof refused])) throw unsupported(name, reason, hint);
  const type = (identity as { identityType?: unknown } | null | undefined)?.identityType ?? 'AMLToken';
  if (type !== 'AMLToken')
    throw unsupported('identity', 'a run has the rights of the worker that does it', 'Leave it out.');
}

function unsupported(name: string, reason: string, hint: string): AppError {
  return new AppError('UNSUPPORTED_FEATURE', `\`${name}\` is not supported: ${reason}`, { hint });
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function inputsOf({ inputs }: CommandJobProperties): object | undefined {
  if (isEmpty(inputs)) return undefined;
  return Object.fromEntries(
    Object.entries(inputs ?? {}).map(([name, { jobInputType, value }]) => {
      if (jobInputType.toLowerCase() === 'literal') return [name, { type: 'string', value: value ?? '' }];
      throw unsupported(
        `inputs.${name}`,
        `a \`${jobInputType}\` lies in a storage account, and this workspace has none`,
        'Pass a literal value, such as an address that the command downloads.',
      );
    }),
  );
}

function outputsOf({ outputs }: CommandJobProperties): object | undefined {
  if (isEmpty(outputs)) return undefined;
  return Object.fromEntries(
    Object.entries(outputs ?? {}).map(([name, output]) => {
      if (output !== null && !isEmpty(output.uri))
        throw unsupported(`outputs.${name}.uri`, 'outputs are kept with the run', 'Leave it out.');
      return [name, { type: output?.jobOutputType ?? 'uri_folder' }];
    }),
  );
}

/** The last part of a compute's resource id; without one, any worker. */
function computeOf(id: string | null | undefined, addressOf: AddressOf): string | undefined {
  if (id === undefined || id === null || id === '' || /^(?:azureml:)?serverless$/i.test(id)) return undefined;
  const [, workspace, name] = /\/workspaces\/([^/]+)\/computes\/([^/]+)$/i.exec(id) ?? [];
  if (workspace !== undefined) addressOf({ workspace });
  return name ?? id;
}

function limitsOf({ limits }: CommandJobProperties): object | undefined {
  const text = limits?.timeout ?? '';
  if (text === '') return undefined;
  const timeout = readDuration(text);
  if (timeout !== undefined) return { timeout };
  throw new AppError('USAGE', `\`limits.timeout\` is \`${text}\`, which is no duration`, {
    hint: 'Such as `PT1H30M`.',
  });
}

function resourcesOf({ resources }: CommandJobProperties, compute: string | undefined): object | undefined {
  const { instanceCount, instanceType, shmSize, dockerArgs, locations, maxInstanceCount } = resources ?? {};
  const given = {
    instance_count: instanceCount ?? undefined,
    instance_type: instanceType,
    shm_size: shmSize === unaskedShmSize && compute !== 'docker' ? undefined : shmSize,
    docker_args: dockerArgs,
    locations,
    max_instance_count: maxInstanceCount,
  };
  const asked = Object.entries(given).filter(([, value]) => !isEmpty(value));
  return asked.length === 0 ? undefined : Object.fromEntries(asked);
}

function withoutNulls(values: CommandJobProperties['environmentVariables']): object {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== null));
}
