import { existsSync } from 'node:fs';

/**
 * A shell that waits for a word on descriptor 3, and then becomes the program. If the word never comes, because we died, it ends without having
 * run anything: between a program's start and the moment at which a watchdog knows it, a loaded machine may put many milliseconds.
 * `-p` keeps bash from reading start-up files.
 */
const script = 'read -r word <&3 || exit 125; exec 3<&-; exec "$@"';

/** bash passes every variable on; some other shells drop those whose names they could not use themselves. */
const shells: readonly (readonly [string, ...string[]])[] = [['/bin/bash', '-p'], ['/usr/bin/bash', '-p'], ['/bin/sh']];

/** The program and arguments to start instead. */
export function behindGate(program: string, args: readonly string[]): [string, string[]] {
  const [shell, ...options] = shells.find(([path]) => existsSync(path)) ?? ['/bin/sh'];
  return [shell, [...options, '-c', script, 'terroir-gate', program, ...args]];
}
