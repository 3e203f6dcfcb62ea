import { AppError } from '../../errors/index.ts';
import type { JobVariable, RecordedVariable, RunRecord } from '../../schema/index.ts';
import { recordVariables, secretHash } from '../../targets/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { condaFileVariables } from '../prefixes/command-environment.ts';
import { callersSecrets } from './run-variables.ts';

type Hidden = Exclude<RecordedVariable, string>;

/**
 * The variables that a repetition has to set. What the definition says itself is in force anyway, secrets included. Other secrets are on record only as
 * hashes: they come from the caller again, and it is noted if they are others.
 * @throws AppError USAGE that names the ones that are not given.
 */
export async function replayVariables(
  app: App,
  {
    record,
    version,
    secrets,
  }: { record: RunRecord; version: EnvironmentVersion; secrets?: Readonly<Record<string, string>> },
): Promise<{ variables: Record<string, JobVariable>; notes: string[] }> {
  const secretKey = await (await app.openWorkspace()).secretKey();
  const { definition } = version;
  const own = recordVariables({ ...condaFileVariables(definition), ...definition.environmentVariables }, { secretKey });
  const given = callersSecrets(app, secrets);
  const variables: Record<string, JobVariable> = {};
  const notes: string[] = [];
  const missing: [string, Hidden][] = [];
  for (const [name, value] of Object.entries(record.environmentVariables)) {
    if (isSame(own[name], value)) continue;
    if (typeof value === 'string') {
      variables[name] = { kind: 'literal', value };
      continue;
    }
    const from = value.from ?? name;
    variables[name] = { kind: 'secret', variable: from };
    const current = given[from];
    if (current === undefined) missing.push([name, value]);
    else if (secretHash(current, secretKey) !== value.secret)
      notes.push(`the secret \`${from}\` is another one than in the run ${record.id}`);
  }
  if (missing.length > 0) throw missingSecrets(app, record, missing);
  return { variables, notes };
}

/** Whether a recorded value is the definition's own. Old records have addresses without their user info and without a hash. */
function isSame(own: RecordedVariable | undefined, recorded: RecordedVariable): boolean {
  if (own === undefined) return false;
  if (typeof own === 'string') return own === recorded;
  return typeof recorded === 'string' ? own.shown === recorded : own.secret === recorded.secret;
}

function missingSecrets(app: App, { id }: RunRecord, missing: readonly [string, Hidden][]): AppError {
  const described = missing.map(([name, { from = name, shown }]) => {
    if (shown !== undefined) return `\`${name}\` (\`${shown}\`, with the user info that was in it)`;
    return from === name ? `\`${name}\`` : `\`${name}\` (the secret \`${from}\`)`;
  });
  const names = [...new Set(missing.map(([name, { from = name }]) => from))];
  return new AppError(
    'USAGE',
    `the run ${id} had variables that are on record only as hashes: ${described.join(', ')}`,
    {
      hint:
        app.remote === true
          ? `Send ${names.join(', ')} with the submission, in \`secrets\`.`
          : `Set ${names.join(', ')} in your environment.`,
    },
  );
}
