import { signal } from '@preact/signals';

/** Whether the server answers. `returns` counts how often it came back: what is shown is fetched again then. */
export const isLost = signal(false);
export const returns = signal(0);

/** Milliseconds between two looks for a server that has gone. */
const lookAgain = 1000;
let timer: ReturnType<typeof setTimeout> | undefined;

export function lostServer(): void {
  isLost.value = true;
  timer ??= setTimeout(look, lookAgain);
}

export function sawServer(): void {
  clearTimeout(timer);
  timer = undefined;
  if (!isLost.value) return;
  isLost.value = false;
  returns.value += 1;
}

function look(): void {
  fetch('/healthz', { cache: 'no-store' })
    .then((answer) => {
      if (!answer.ok) throw new Error('not ready');
      sawServer();
    })
    .catch(() => {
      timer = setTimeout(look, lookAgain);
    });
}
