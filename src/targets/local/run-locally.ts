import { constants } from 'node:os';
import { AppError } from '../../errors/index.ts';
import { checkWorkingFolder, type LogFile, processStartTime, startGuardedProcess } from '../../io/index.ts';
import type { ResourceUse } from '../../schema/index.ts';
import { runIdVariable } from '../run-variables.ts';
import { commandWords } from './command-words.ts';
import { endLeftBehind, type ProcessGroup, signalMembers } from './group-members.ts';
import { passStreams } from './pass-streams.ts';
import { startResourceSampler } from './resource-sampler.ts';
import { type RunLimits, watchLimits } from './run-limits.ts';
import { createStopLadder } from './stop-ladder.ts';

export interface StartedProcess {
  /** Also its process group's id. */
  pid: number;
  /** Tells it from a later process with the same id; undefined where there is no /proc. */
  startTime: string | undefined;
  /** The words that are executed. */
  executed: readonly string[];
}

export interface LocalRunRequest {
  /** Words run directly, the first found on the run's PATH; a command text runs in bash, or in sh where there is no bash. */
  executed: readonly string[] | { shell: string };
  cwd: string;
  /** The complete environment (`cleanEnvironment`). */
  env: Readonly<Record<string, string>>;
  /** Seconds; then SIGTERM, after the grace SIGKILL. */
  timeout?: number;
  /** What it opens gets both streams, as they arrive, and is closed at the end. */
  openLog?: () => Promise<LogFile>;
  /**
   * Aborting sends SIGINT, after the grace SIGTERM, then SIGKILL. An abort whose reason names a `signal` in its details does nothing: signals
   * that this process gets are handled here, see `runLocally`.
   */
  signal?: AbortSignal;
  /** The script waits while a returned promise is open, so memory stays flat. */
  onOutput?: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void | Promise<void>;
  /** The command begins when a returned promise resolves: nothing runs that is not on record. */
  onStarted?: (started: StartedProcess) => void | Promise<void>;
  /** Between one signal and the next, harder one; 10 s if not given. */
  killGraceMs?: number;
  /** `inherit` hands our standard input through; otherwise it is empty. */
  stdin?: 'ignore' | 'inherit';
}

export interface LocalRunResult {
  executed: readonly string[];
  /** 0–255; for a script that a signal ended 128 + its number, as shells have it. */
  exitCode: number;
  signal: NodeJS.Signals | null;
  /** Absent where the system does not tell. */
  resources: ResourceUse | undefined;
  timedOut: boolean;
  /** True if we were asked to end it before it ended, whatever it then made of that. */
  canceled: boolean;
  /** Processes that the script left behind and that were ended. */
  leftBehind: number;
  /** What is worth recording besides: a log that could not be written. */
  notes: string[];
}

const defaultGraceMs = 10_000;
/** How long output may be awaited of a process that got away with our pipes. */
const idleMs = 500;

/**
 * Runs a command to its end. A non-zero exit is a result, not an error.
 *
 * While it runs, signals to this process are ours: the first SIGINT is passed on, the second makes SIGTERM of it, the third SIGKILL;
 * SIGTERM and SIGHUP send SIGTERM, after the grace SIGKILL.
 * @throws AppError COMMAND_NOT_FOUND, PERMISSION_DENIED, FILE_NOT_FOUND (the working folder), CANCELED (before the start).
 */
export async function runLocally(request: LocalRunRequest): Promise<LocalRunResult> {
  if (request.signal?.aborted === true) throw new AppError('CANCELED', 'the run was canceled before it started');
  const stop = watchForTheEnd(request);
  let log: LogFile | undefined;
  let result: LocalRunResult | undefined;
  try {
    await checkWorkingFolder(request.cwd);
    const executed = await commandWords(request.executed, request);
    log = await request.openLog?.();
    result = await runWords(request, { executed, log, stop });
  } finally {
    stop.leave();
    const failure = await log?.close();
    if (failure !== undefined) result?.notes.push(`the log is incomplete: ${failure.message}`);
  }
  return result;
}

interface Stop extends RunLimits {
  readonly used: boolean;
  /** From now on the signals reach the group; one that came before does so at once. */
  reach(group: ProcessGroup): void;
}

/** Listens from before the start, so that no signal gets lost. */
function watchForTheEnd(request: LocalRunRequest): Stop {
  let group: ProcessGroup | undefined;
  let early: NodeJS.Signals | undefined;
  const send = (signal: NodeJS.Signals): void => {
    if (group === undefined) early = signal;
    else signalMembers(group, signal);
  };
  const ladder = createStopLadder({ send, graceMs: request.killGraceMs ?? defaultGraceMs });
  const limits = watchLimits(request, ladder);
  return {
    get used() {
      return ladder.used;
    },
    get timedOut() {
      return limits.timedOut;
    },
    reach: (reached) => {
      group = reached;
      if (early !== undefined) send(early);
    },
    leave: () => {
      ladder.leave();
      limits.leave();
    },
  };
}

async function runWords(
  request: LocalRunRequest,
  { executed, log, stop }: { executed: [string, ...string[]]; log: LogFile | undefined; stop: Stop },
): Promise<LocalRunResult> {
  const [program, ...args] = executed;
  const sampler = startResourceSampler();
  const child = await startGuardedProcess({
    program,
    args,
    cwd: request.cwd,
    env: request.env,
    stdin: request.stdin ?? 'ignore',
  });
  const startTime = processStartTime(child.pid);
  const group: ProcessGroup = { id: child.pid, since: Number(startTime ?? 0), cookie: cookieOf(request.env) };
  stop.reach(group);
  sampler.watch(group);
  const output = passStreams(child, { log, onOutput: request.onOutput });
  try {
    await startedOrEnd(request, { pid: child.pid, startTime, executed }, group);
    child.begin();
    const { exitCode, signal } = await child.exited;
    const resources = sampler.finish();
    const { timedOut, used } = stop;
    const leftBehind = await endLeftBehind(group);
    const failure = await output.finish(idleMs);
    return {
      executed,
      exitCode: exitCode ?? 128 + (signal === null ? 0 : constants.signals[signal]),
      signal,
      resources,
      timedOut,
      canceled: used && !timedOut,
      leftBehind,
      notes: failure === undefined ? [] : [`output could not be passed on: ${(failure as Error).message}`],
    };
  } finally {
    sampler.finish();
    child.release();
  }
}

/** What cannot be put on record must not run. */
async function startedOrEnd(request: LocalRunRequest, started: StartedProcess, group: ProcessGroup): Promise<void> {
  try {
    await request.onStarted?.(started);
  } catch (error) {
    signalMembers(group, 'SIGKILL');
    await endLeftBehind(group);
    throw error;
  }
}

/** The variable that none but this run's processes have been started with. */
function cookieOf(env: Readonly<Record<string, string>>): string | undefined {
  const id = env[runIdVariable];
  return id === undefined ? undefined : `${runIdVariable}=${id}`;
}
