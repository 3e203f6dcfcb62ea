import type { ChildProcess } from 'node:child_process';
import type { CommandOutcome, Sandbox } from './sandbox.ts';

export interface Served {
  url: string;
  child: ChildProcess;
  outcome: Promise<CommandOutcome>;
}

/** `terroir serve` as a process of its own, on a free port. */
export async function serveSandbox(sandbox: Sandbox, ...args: string[]): Promise<Served> {
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
  return { url, child, outcome };
}
