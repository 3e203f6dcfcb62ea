import type { ChildProcess } from 'node:child_process';
import type { CommandOutcome, Sandbox } from './sandbox.ts';

export interface WorkerProcess {
  child: ChildProcess;
  outcome: Promise<CommandOutcome>;
}

/** A real `terroir worker` for a sandbox's workspace, that is at work. */
export async function startWorkerProcess(sandbox: Sandbox, args: readonly string[] = []): Promise<WorkerProcess> {
  const worker = sandbox.start(['worker', ...args]);
  await new Promise<void>((resolve, reject) => {
    let text = '';
    worker.child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('takes up to')) resolve();
    });
    worker.child.on('close', () => reject(new Error(text)));
  });
  return worker;
}
