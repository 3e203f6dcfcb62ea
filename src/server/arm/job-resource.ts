import type { RunRecord } from '../../schema/index.ts';
import { environmentVersionId, provider, type WorkspaceAddress, workspaceId } from './address.ts';
import { writeDuration } from './duration.ts';
import { azureName } from './resources.ts';

/** A run as Azure's command job. `studio`: the address of this server. */
export function jobResource(address: WorkspaceAddress, run: RunRecord, studio: string): object {
  const { id, createdAt, createdBy, startedAt, endedAt, environment } = run;
  return {
    id: `${workspaceId(address)}/jobs/${id}`,
    name: id,
    type: `${provider}/workspaces/jobs`,
    systemData: { createdAt, createdBy, createdByType: 'User', lastModifiedAt: endedAt ?? startedAt ?? createdAt },
    properties: {
      jobType: 'Command',
      status: run.status,
      displayName: run.displayName ?? id,
      experimentName: run.experimentName ?? 'Default',
      description: run.description,
      tags: run.tags,
      isArchived: false,
      command: commandText(run.command),
      environmentId: environmentVersionId(address, azureName(environment.name), environment.version),
      environmentVariables: variables(run),
      computeId: `${workspaceId(address)}/computes/${run.compute ?? run.target}`,
      inputs: inputs(run),
      outputs: outputs(run),
      limits: run.timeout === null ? null : { jobLimitsType: 'Command', timeout: writeDuration(run.timeout) },
      resources: { instanceCount: 1 },
      services: { Studio: { jobServiceType: 'Studio', endpoint: `${studio}/runs/${encodeURIComponent(id)}` } },
      properties: facts(run),
    },
  };
}

/** What was used, as far as it is known by now. */
function facts(run: RunRecord): Record<string, string> {
  const { environment, lockDigest, imageDigest, snapshot, exitCode, error, worker, startedAt, endedAt } = run;
  const known = {
    'terroir.environment': `${environment.name}:${environment.version}`,
    'terroir.fingerprint': environment.fingerprint,
    'terroir.lockDigest': lockDigest,
    'terroir.imageDigest': imageDigest,
    ContentSnapshotId: snapshot?.digest,
    'terroir.worker': worker,
    'terroir.exitCode': exitCode === null ? undefined : String(exitCode),
    'terroir.error': error === null ? undefined : `${error.code}: ${error.message}`,
    StartTimeUtc: startedAt,
    EndTimeUtc: endedAt,
  };
  return Object.fromEntries(
    Object.entries(known).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function commandText(command: RunRecord['command']): string {
  if (typeof command === 'string') return command;
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** Of a secret only the name is there. */
function variables({ environmentVariables }: RunRecord): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(environmentVariables).map(([name, value]) => [name, typeof value === 'string' ? value : null]),
  );
}

function inputs(run: RunRecord): object {
  return Object.fromEntries(
    Object.entries(run.inputs).map(([name, { type, value }]) => [
      name,
      type === 'literal'
        ? { jobInputType: 'literal', value: String(value) }
        : { jobInputType: type, uri: String(value), mode: 'ReadOnlyMount' },
    ]),
  );
}

function outputs(run: RunRecord): object {
  return Object.fromEntries(
    Object.entries(run.outputs).map(([name, { type }]) => [
      name,
      { jobOutputType: type, uri: `azureml://jobs/${run.id}/outputs/${name}`, mode: 'ReadWriteMount' },
    ]),
  );
}
