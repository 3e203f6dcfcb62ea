import type { CommandContext } from './command.ts';

/**
 * Hands what a script prints through, as bytes, and makes it wait while nobody reads. With --json stdout is kept for our data, so the script's goes
 * to stderr. Fails when the other end of a pipe is gone: `terroir run … | head` is no reason to give a run up.
 */
export function passOutput(
  context: CommandContext,
): (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void | Promise<void> {
  surviveClosedPipe(process.stdout);
  surviveClosedPipe(process.stderr);
  return (stream, chunk) => {
    context.renderer.pause();
    const target = stream === 'stdout' && !context.json ? process.stdout : process.stderr;
    return new Promise((resolve, reject) => {
      target.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  };
}

/** Every other command ends when nobody reads its answer. */
function surviveClosedPipe(stream: NodeJS.WriteStream): void {
  stream.removeAllListeners('error');
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
