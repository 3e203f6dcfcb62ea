import { AppError } from '../../errors/index.ts';
import type { JobVariable, RunRecord, RunTask } from '../../schema/index.ts';
import type { Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { sealSecrets } from '../tasks/sealed-secrets.ts';
import { hideSecrets } from './hidden-secrets.ts';
import { newRunRecord } from './new-run-record.ts';
import type { RunCode, RunPlan } from './run-plan.ts';
import { callersSecrets } from './run-variables.ts';

/** Puts a run on record, to wait for a worker. */
export async function enqueueRun(app: App, workspace: Workspace, plan: RunPlan & { id: string }): Promise<RunRecord> {
  const { id, version, optionalInputs, outputs, variables, imageDigest, locked } = plan;
  const key = await workspace.secretKey();
  const { shown, hidden } = hideSecrets(app, plan, key);
  const { target, inputs } = shown;
  const secrets = { ...secretsOf(app, plan), ...hidden };
  const request: RunTask = {
    versionId: version.id,
    target,
    code: storedCode(plan.code),
    inputs,
    optionalInputs,
    outputs,
    variables,
    secrets: Object.keys(secrets).length === 0 ? null : sealSecrets(secrets, key, id),
    imageDigest,
    lockDigest: locked?.lock.digest,
  };
  const record = newRunRecord(app, shown, 'Queued');
  const { compute, priority = 0 } = plan;
  await workspace.runs.create(record, version.id, {
    id,
    kind: 'run',
    compute,
    priority,
    request,
    createdBy: app.user,
  });
  return record;
}

/** The values that the run will need, while their owner is there. @throws AppError USAGE if one is missing. */
function secretsOf(app: App, { variables, secrets }: RunPlan): Record<string, string> {
  const source = callersSecrets(app, secrets);
  return Object.fromEntries(Object.entries(variables).flatMap(([name, variable]) => secretOf(source, name, variable)));
}

function secretOf(
  source: Readonly<Record<string, string | undefined>>,
  name: string,
  variable: JobVariable,
): [string, string][] {
  if (variable.kind === 'literal') return [];
  const value = source[variable.variable];
  if (value !== undefined) return [[variable.variable, value]];
  throw new AppError('USAGE', `the variable \`${name}\` is the secret \`${variable.variable}\`, and that is not set`, {
    hint: 'Send it with the submission, in `secrets`.',
  });
}

function storedCode(code: RunCode): RunTask['code'] {
  if (code.kind === 'stored' || code.kind === 'none') return code;
  throw new Error('code that waits for a worker has to be in the workspace');
}
