import type { CommandContext } from './command.ts';

/**
 * Hands what a script prints through, as bytes, and makes it wait while nobody reads. With --json stdout is kept for our data, so the script's goes
 * to stderr.
 */
export function passOutput(
  context: CommandContext,
): (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void | Promise<void> {
  return (stream, chunk) => {
    context.renderer.pause();
    const target = stream === 'stdout' && !context.json ? process.stdout : process.stderr;
    if (target.write(chunk)) return undefined;
    return new Promise((resolve) => {
      target.once('drain', resolve);
    });
  };
}
