import type * as useCases from '../app/index.ts';
import { handOverRun, hiddenHint, hiddenNote, noteWarnings, outcomeOf, type RunInput } from '../app/index.ts';
import type { ReadWarning } from '../definition/index.ts';
import { AppError } from '../errors/index.ts';
import { sleep } from '../io/index.ts';
import { type RunRecord, terminalStatuses } from '../schema/index.ts';
import type { Answer, Connection, Request } from './connection.ts';
import type { Definitions } from './definitions.ts';
import { followRun } from './follow-run.ts';
import { segment } from './paths.ts';
import { patient } from './patient.ts';
import { uploadMissing } from './upload.ts';

type Write = (chunk: Uint8Array) => Promise<void>;
type OnOutput = (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void | Promise<void>;

/** Runs happen there; their logs come here. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function createRunCalls({ api, cwd, env, emit, signal }: Connection, { settle }: Definitions) {
  const showRun = async (id: string, until = signal): Promise<RunRecord> =>
    await api.json({ path: `/runs/${segment(id)}`, signal: until });

  /** Asks less and less often, up to a second apart. */
  const waitFor = async (id: string): Promise<RunRecord> => {
    for (let pause = 50; ; pause = Math.min(1000, pause * 1.5)) {
      const run = await showRun(id);
      if (terminalStatuses.has(run.status)) return run;
      await sleep(pause, signal);
    }
  };

  const submit = async (input: RunInput): Promise<RunRecord> => {
    const warn = (warnings: readonly ReadWarning[]): void => noteWarnings(emit, warnings);
    const options = { cwd, env, signal, settle, warn };
    const request = await handOverRun(input, options, (contents) => uploadMissing({ api, emit }, contents));
    return await api.json({ method: 'POST', path: '/runs', body: request, signal: sure() });
  };

  const resubmit = async (id: string, secrets?: Record<string, string>): Promise<RunRecord> =>
    await api.json({ method: 'POST', path: `/runs/${segment(id)}/replay`, body: { secrets }, signal: sure() });

  /** Who interrupts while it is under way has a run that has to be ended. */
  const sure = (): AbortSignal => {
    signal.throwIfAborted();
    return patient();
  };

  /** Whoever interrupts us ends the run, and sees how it ends. */
  const cancelOnInterrupt = (id: string): (() => void) => {
    const cancel = (): void => {
      const request = { method: 'POST', path: `/runs/${id}/cancel`, signal: patient() };
      api.send(request).catch((error: unknown) => {
        if (error instanceof AppError && error.code !== 'FINISHED')
          emit({
            type: 'note',
            level: 'warning',
            message: `the run ${id} goes on: ${error.message}`,
            hint: error.hint,
          });
      });
    };
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    return () => signal.removeEventListener('abort', cancel);
  };

  const attend = async ({ id }: RunRecord, onOutput: OnOutput): Promise<useCases.RunOutcome> => {
    emit({ type: 'note', level: 'info', message: `the run ${id} is on ${api.url}` });
    const leave = cancelOnInterrupt(id);
    try {
      let print: OnOutput = onOutput;
      for await (const text of followRun(api, id, patient())) {
        try {
          await print('stdout', Buffer.from(text));
        } catch {
          // Nobody reads any more; the run goes on.
          print = () => undefined;
        }
      }
      return outcomeOf(await showRun(id, patient()));
    } finally {
      leave();
    }
  };

  return {
    listRuns: async (query: Request<typeof useCases.listRuns>) =>
      await api.json<Answer<typeof useCases.listRuns>>({ path: '/runs', query: { ...query } }),

    showRun,
    waitFor,
    submit,
    resubmit,

    /** Submits, and stays with it to its end. */
    run: async (input: RunInput, onOutput: OnOutput): Promise<useCases.RunOutcome> => {
      const run = await submit(input);
      if (run.notes.includes(hiddenNote))
        emit({ type: 'note', level: 'warning', message: hiddenNote, hint: hiddenHint });
      return await attend(run, onOutput);
    },

    /** Sends the variables of the caller that the run had as secrets, and those that are named. */
    replayRun: async (
      id: string,
      { onOutput, secrets: named = [] }: { onOutput: OnOutput; secrets?: readonly string[] },
    ): Promise<useCases.RunOutcome> => {
      const { environmentVariables } = await showRun(id);
      const secrets: Record<string, string> = {};
      for (const name of named) {
        const value = env[name];
        if (value === undefined)
          throw new AppError('USAGE', `the secret \`${name}\` is not set`, {
            hint: `Set ${name} in your environment.`,
          });
        secrets[name] = value;
      }
      for (const [name, recorded] of Object.entries(environmentVariables)) {
        const from = typeof recorded === 'string' ? undefined : (recorded.from ?? name);
        const value = from === undefined ? undefined : env[from];
        if (from !== undefined && value !== undefined) secrets[from] = value;
      }
      return await attend(await resubmit(id, secrets), onOutput);
    },

    cancelRun: async (id: string): Promise<RunRecord> => {
      const asked = await api.json<RunRecord>({ method: 'POST', path: `/runs/${segment(id)}/cancel` });
      return await waitFor(asked.id);
    },

    readLogs: async (id: string): Promise<Buffer> =>
      await (await api.send({ path: `/runs/${segment(id)}/logs` })).bytes(),

    followLogs: async (id: string, { follow, write }: { follow: boolean; write: Write }): Promise<void> => {
      if (follow) {
        for await (const text of followRun(api, id, signal)) await write(Buffer.from(text));
        return;
      }
      const answer = await api.send({ path: `/runs/${segment(id)}/logs` });
      for await (const piece of answer.stream()) await write(piece);
    },

    /** What it prints, as it comes. */
    logs: (id: string): AsyncIterableIterator<string> => followRun(api, id, signal),
  };
}
