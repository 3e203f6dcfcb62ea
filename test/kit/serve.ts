import type { ChildProcess } from 'node:child_process';
import type { CommandOutcome, Sandbox } from './sandbox.ts';

export interface Served {
  url: string;
  child: ChildProcess;
  outcome: Promise<CommandOutcome>;
  stop(): Promise<void>;
}

/** A real `terroir serve` for a sandbox's workspace, on a free port. */
export async function startServe(sandbox: Sandbox, args: readonly string[] = []): Promise<Served> {
  const { child, outcome } = sandbox.start(['serve', '--port', '0', ...args]);
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /serving .* at (https?:\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('close', () => reject(new Error(text)));
  });
  return {
    url,
    child,
    outcome,
    stop: async () => {
      child.kill('SIGTERM');
      await outcome;
    },
  };
}
