import { appendFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { sleep, writeAtomically } from '../../io/index.ts';
import { type Emit, type ReportEvent, startStep } from '../../report/index.ts';
import type { Lease, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';

export interface BuildAlone<T> {
  /** What is built, for the lease: letters, digits and dashes. */
  name: string;
  /** For people: "the image of iris:3 for linux-64". */
  title: string;
  /** The result, if somebody has made it. */
  look(): Promise<T | undefined>;
  /** Makes it. The app's signal also ends when the lease is lost, and what it emits stands in the log. */
  work(app: App): Promise<T>;
}

const beat = 10_000;
const poll = 250;

/**
 * Makes something once in the whole workspace, however many ask: one has the lease, the others follow its log and take what it made. When whoever
 * builds dies, the next one goes on.
 */
export async function buildAlone<T>(app: App, workspace: Workspace, build: BuildAlone<T>): Promise<T> {
  const log = join(workspace.folder, 'builds', `${build.name}.ndjson`);
  for (;;) {
    const found = await build.look();
    if (found !== undefined) return found;
    const answer = await workspace.leases.take(`build-${build.name}`, log);
    if ('lease' in answer) return await holding(app, answer.lease, { ...build, log });
    await follow(app, workspace, build, answer.note ?? log);
  }
}

async function holding<T>(app: App, lease: Lease, build: BuildAlone<T> & { log: string }): Promise<T> {
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
    await writeAtomically(build.log, '');
    const emit: Emit = (event) => {
      app.emit(event);
      record(build.log, event);
    };
    return await build.work({ ...app, emit, signal: AbortSignal.any([app.signal, lost.signal]) });
  } finally {
    clearInterval(timer);
    await lease.release();
  }
}

/** A log that cannot be written is no reason to end a build. */
function record(log: string, event: ReportEvent): void {
  try {
    appendFileSync(log, `${JSON.stringify(event)}\n`);
  } catch {}
}

/** Shows what the holder does, until it has ended. */
async function follow(
  app: App,
  workspace: Workspace,
  { name, title, look }: BuildAlone<unknown>,
  log: string,
): Promise<void> {
  const current = startStep(app.emit, `Waiting for another process, which makes ${title}`);
  const lines = readLines(log);
  try {
    for (;;) {
      app.signal.throwIfAborted();
      for (const event of await lines.next()) if (event.type === 'output') app.emit(event);
      if ((await look()) !== undefined) break;
      const answer = await workspace.leases.take(`build-${name}`, log);
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
function readLines(path: string): { next(): Promise<ReportEvent[]> } {
  let at = 0;
  let rest = '';
  return {
    next: async () => {
      const file = await open(path, 'r').catch(() => undefined);
      if (file === undefined) return [];
      try {
        const { size } = await file.stat();
        if (size <= at) return [];
        const buffer = Buffer.alloc(size - at);
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        at += bytesRead;
        const lines = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
        rest = lines.pop() ?? '';
        return lines.map((line) => JSON.parse(line) as ReportEvent);
      } finally {
        await file.close();
      }
    },
  };
}
