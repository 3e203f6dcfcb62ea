const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls `handler` for the signals that ask this process to end; the answer takes it off again. */
export function onEndingSignals(handler: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}

/** The same, and nobody else hears of them meanwhile. */
export function takeEndingSignals(handler: (signal: NodeJS.Signals) => void): () => void {
  const others = signals.map((signal) => process.listeners(signal));
  for (const signal of signals) process.removeAllListeners(signal);
  const stop = onEndingSignals(handler);
  return () => {
    for (const [index, signal] of signals.entries())
      for (const listener of others[index] ?? []) process.on(signal, listener as NodeJS.SignalsListener);
    stop();
  };
}

/** Signals a process group; false if there is none. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  return send(-group, signal);
}

/** Signals one process; false if there is none. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  return send(pid, signal);
}

function send(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(id, signal);
    return true;
  } catch (error) {
    // EPERM: it is there, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
