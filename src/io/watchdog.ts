import { spawn } from 'node:child_process';

/**
 * A shell that outlives us by a moment: it reads the id of a process group, then waits. When the pipe closes without a further word, we are
 * gone (killed with SIGKILL, even), and it ends the group: SIGTERM, after the grace SIGKILL.
 */
const script = `
read -r group || exit 0
read -r word && exit 0
kill -TERM "-$group" 2>/dev/null || exit 0
kill -CONT "-$group" 2>/dev/null
tenths=$1
while [ "$tenths" -gt 0 ] && kill -0 "-$group" 2>/dev/null; do sleep 0.1; tenths=$((tenths - 1)); done
kill -KILL "-$group" 2>/dev/null
exit 0
`;
const graceTenths = 50;

export interface Watchdog {
  /** Names the process group to end if we die. */
  watch(group: number): void;
  /** The group has ended; so does the watchdog. */
  release(): void;
}

/** Starts a watchdog, before what it is to watch. */
export function startWatchdog(): Watchdog {
  // A session of its own keeps it out of reach of the terminal's signals.
  const child = spawn('/bin/sh', ['-c', script, 'terroir-watchdog', String(graceTenths)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
  });
  // Without a shell there is no watchdog; the run's record still names the process.
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.unref();
  return {
    watch: (group) => {
      child.stdin.write(`${group}\n`);
    },
    release: () => {
      child.stdin.end('ended\n');
    },
  };
}
