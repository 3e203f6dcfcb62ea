import type { CommandContext } from './command.ts';

/** Hands what a script prints through, as bytes. With --json stdout is kept for our data, so the script's goes to stderr. */
export function passOutput(context: CommandContext): (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void {
  return (stream, chunk) => {
    context.renderer.pause();
    (stream === 'stdout' && !context.json ? process.stdout : process.stderr).write(chunk);
  };
}
