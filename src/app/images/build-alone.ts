import { AppError } from '../../errors/index.ts';
import { sleep } from '../../io/index.ts';
import { type Emit, type ReportEvent, startStep } from '../../report/index.ts';
import type { Lease, LogName, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { recordEvents } from '../tasks/record-events.ts';

export interface BuildAlone<T> {
  /** What is built, each with a lease of its own: letters, digits and dashes. Whoever makes several of them waits for each. */
  names: readonly string[];
  /** For people: "the image of iris:3 for linux-64". */
  title: string;
  /** The result, if somebody has made it. */
  look(): Promise<T | undefined>;
  /** Makes it. The app's signal also ends when the lease is lost, and what it emits stands in the log. */
  work(app: App): Promise<T>;
}

const beat = 10_000;
const poll = 250;
/** Bytes of a log that are taken in between two looks. */
const mostAtOnce = 1 << 20;

/**
 * Makes something once in the whole workspace, however many ask: one has the lease, the others follow its log and take what it made. When whoever
 * builds dies, the next one goes on.
 */
export async function buildAlone<T>(
  app: App,
  workspace: Workspace,
  { names, work, ...build }: BuildAlone<T>,
): Promise<T> {
  // All take them in the same order: otherwise two might wait for each other.
  const withAll = names
    .toSorted()
    .reduceRight(
      (inner, name) => async (own: App) => await makeOne(own, workspace, { ...build, name, work: inner }),
      work,
    );
  return await withAll(app);
}

/** What is made with one lease. */
interface MakeOne<T> extends Omit<BuildAlone<T>, 'names'> {
  name: string;
}

async function makeOne<T>(app: App, workspace: Workspace, build: MakeOne<T>): Promise<T> {
  for (;;) {
    const found = await build.look();
    if (found !== undefined) return found;
    const answer = await workspace.leases.take(`build-${build.name}`);
    if ('lease' in answer) return await holding(app, { logs: workspace.logs, lease: answer.lease }, build);
    await follow(app, workspace, build);
  }
}

async function holding<T>(
  app: App,
  { logs, lease }: Pick<Workspace, 'logs'> & { lease: Lease },
  build: MakeOne<T>,
): Promise<T> {
  const lost = new AbortController();
  const timer = setInterval(() => {
    lease.renew().then(
      (isOurs) => {
        if (!isOurs) lost.abort(new AppError('BUSY', `another process took over ${build.title}`));
      },
      // A database that does not answer for a moment: the next beat tries again.
      () => undefined,
    );
  }, beat);
  try {
    // Between the look and the lease somebody may have finished.
    const found = await build.look();
    if (found !== undefined) return found;
    const signal = AbortSignal.any([app.signal, lost.signal]);
    return await recordEvents(logs, { ...logOf(build), fresh: true, stop: signal }, async (record) => {
      const emit: Emit = (event) => {
        app.emit(event);
        record(event);
      };
      return await build.work({ ...app, emit, signal });
    });
  } finally {
    clearInterval(timer);
    await lease.release();
  }
}

function logOf({ name }: Pick<MakeOne<unknown>, 'name'>): LogName {
  return { kind: 'build', id: name };
}

/** Shows what the holder does, until it has ended. */
async function follow(app: App, workspace: Workspace, { name, title, look }: MakeOne<unknown>): Promise<void> {
  const current = startStep(app.emit, `Waiting for another process, which makes ${title}`);
  const lines = readLines(workspace, logOf({ name }));
  try {
    for (;;) {
      app.signal.throwIfAborted();
      for (const event of await lines.next()) if (event.type === 'output') app.emit(event);
      if ((await look()) !== undefined) break;
      const answer = await workspace.leases.take(`build-${name}`);
      if ('lease' in answer) {
        await answer.lease.release();
        break;
      }
      await sleep(poll, app.signal);
    }
    current.finish('done');
  } catch (error) {
    current.finish('failed');
    throw error;
  }
}

/** What came into a log since the last look. */
function readLines({ logs }: Workspace, name: LogName): { next(): Promise<ReportEvent[]> } {
  let at = 0;
  let rest = Buffer.alloc(0);
  return {
    next: async () => {
      const { bytes, size } = await logs.read(name, { from: at, limit: mostAtOnce });
      // Somebody else has begun it anew.
      if (size < at) {
        at = 0;
        rest = Buffer.alloc(0);
        return [];
      }
      at += bytes.length;
      const begun = Buffer.concat([rest, bytes]);
      const end = begun.lastIndexOf(10) + 1;
      rest = begun.subarray(end);
      return begun.toString('utf8', 0, end).split('\n').flatMap(eventOf);
    },
  };
}

/** None of a line of which only the end came: its log was begun anew between two looks. */
function eventOf(line: string): ReportEvent[] {
  try {
    return [JSON.parse(line) as ReportEvent];
  } catch {
    return [];
  }
}
