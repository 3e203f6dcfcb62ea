import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** One end for us, the other for a child's standard output. */
export interface KernelPipe {
  reader: Readable;
  /** For the child's `stdio`; close it once the child has it. */
  writer: number;
  closeWriter(): void;
}

/**
 * Makes pipes of the kernel's kind. Node hands sockets to its children instead, and a socket cannot be opened by its name: a script's
 * `> /dev/stderr` or `tee /dev/stdout` would fail. Undefined where the machine has no `mkfifo`; take Node's own then.
 */
export function makeKernelPipes(count: number): KernelPipe[] | undefined {
  const pipes: KernelPipe[] = [];
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'terroir-pipe-'));
    const paths = Array.from({ length: count }, (_, index) => join(folder ?? '', String(index)));
    const made = spawnSync('mkfifo', ['-m', '600', ...paths], { env: { PATH: '/usr/bin:/bin' }, stdio: 'ignore' });
    if (made.status !== 0) return undefined;
    for (const path of paths) pipes.push(openPipe(path));
    return pipes;
  } catch {
    for (const pipe of pipes) {
      pipe.reader.destroy();
      pipe.closeWriter();
    }
    return undefined;
  } finally {
    // Once both ends are open, nobody needs the name.
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function openPipe(path: string): KernelPipe {
  // A reader that does not block comes first: a writer's open waits for one. The writer blocks, as programs expect of their output.
  const reader = new Socket({
    fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  const writer = openSync(path, constants.O_WRONLY);
  let open = true;
  return {
    reader,
    writer,
    closeWriter: () => {
      if (open) closeSync(writer);
      open = false;
    },
  };
}
