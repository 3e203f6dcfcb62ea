import type { Emit } from '../report/index.ts';

/** For a client of HTTP: says which server it is that everybody waits for. */
export function tellWaiting(emit: Emit): (host: string) => void {
  return (host) =>
    emit({
      type: 'note',
      level: 'info',
      message: `waiting for \`${host}\`, which has not answered for ten seconds`,
    });
}
