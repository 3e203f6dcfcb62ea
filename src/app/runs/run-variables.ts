import { AppError } from '../../errors/index.ts';
import type { RunRecord } from '../../schema/index.ts';
import { recordVariables } from '../../targets/index.ts';
import type { App } from '../app.ts';
import { condaFileVariables } from '../prefixes/command-environment.ts';
import type { RunPlan } from './run-plan.ts';

/** What secrets are taken from: what was sent along and, for somebody at this machine, their environment. */
export function callersSecrets(
  { env, remote }: Pick<App, 'env' | 'remote'>,
  secrets: RunPlan['secrets'],
): Readonly<Record<string, string | undefined>> {
  return remote === true ? (secrets ?? {}) : { ...env, ...secrets };
}

/** The definition's variables, then the job's; secrets are taken from the caller's environment. */
export function readRunVariables(
  app: App,
  plan: RunPlan,
): { values: Record<string, string>; origins: Map<string, string> } {
  const values: Record<string, string> = {};
  const origins = new Map<string, string>();
  for (const [name, variable] of Object.entries(plan.variables)) {
    if (variable.kind === 'literal') {
      values[name] = variable.value;
      continue;
    }
    const value = (plan.secrets ?? app.env)[variable.variable];
    if (value === undefined)
      throw new AppError(
        'USAGE',
        `the variable \`${name}\` is the secret \`${variable.variable}\`, and that is not set`,
        { hint: `Set ${variable.variable} in your environment.` },
      );
    values[name] = value;
    origins.set(name, variable.variable);
  }
  return { values, origins };
}

/** What of the variables goes on record: the definition's and the job's, secrets as hashes with the variable that they came from. */
export function recordRunVariables(
  plan: RunPlan,
  { values, origins }: { values: Record<string, string>; origins: ReadonlyMap<string, string> },
  secretKey: Uint8Array,
): RunRecord['environmentVariables'] {
  const { definition } = plan.version;
  const all = { ...condaFileVariables(definition), ...definition.environmentVariables, ...values };
  const recorded = recordVariables(all, { secretKey, isSecret: (name) => origins.has(name) });
  return Object.fromEntries(
    Object.entries(recorded).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : { ...value, from: origins.get(name) },
    ]),
  );
}
