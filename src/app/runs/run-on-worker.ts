import { AppError } from '../../errors/index.ts';
import { type RunRecord, terminalStatuses } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { findOrRegister } from '../environments/find-or-register.ts';
import { keepContents } from '../environments/keep-contents.ts';
import { recordedError } from '../tasks/recorded-error.ts';
import type { RunOutcome } from './execute-run.ts';
import { handOverRun } from './hand-over-run.ts';
import type { RunInput } from './pack-run.ts';
import type { OnOutput } from './run-plan.ts';
import { askToCancel, followLogs } from './runs.ts';
import { submitUploaded } from './submit-uploaded.ts';

/** Sends a run to a worker of this workspace, and stays with it to its end. Whoever interrupts us ends the run, and sees how it ends. */
export async function runOnWorker(app: App, input: RunInput, onOutput: OnOutput): Promise<RunOutcome> {
  const settle = async (word: string): Promise<string> => {
    const { name, version } = await findOrRegister(app, word);
    return `${name}:${version}`;
  };
  const request = await handOverRun(input, { ...app, settle }, (contents) => keepContents(app, contents));
  const { record } = await submitUploaded(app, request, { maximumWaiting: Number.POSITIVE_INFINITY });
  const { id, compute } = record;
  app.emit({ type: 'note', level: 'info', message: `the run ${id} waits for the worker ${compute}` });
  const cancel = (): void => void askToCancel(app, id).catch(() => undefined);
  app.signal.addEventListener('abort', cancel, { once: true });
  const patient = { ...app, signal: new AbortController().signal };
  try {
    await followLogs(patient, id, { follow: true, write: async (chunk) => await onOutput('stdout', chunk) });
    const { runs } = await app.openWorkspace();
    return outcomeOf(await runs.get(id));
  } finally {
    app.signal.removeEventListener('abort', cancel);
  }
}

/** As if the run had been in this process: the script's own end is an outcome, what failed around it is thrown. */
export function outcomeOf(record: RunRecord): RunOutcome {
  const { id, status, exitCode, error } = record;
  if (exitCode !== null) return { record, exitCode: exitCode === 0 && error?.code === 'TIMEOUT' ? 1 : exitCode };
  if (!terminalStatuses.has(status)) throw new AppError('RUN_LOST', `the run ${id} is ${status}`);
  throw recordedError(error ?? { code: 'RUN_LOST', message: `the run ${id} is ${status}` });
}
