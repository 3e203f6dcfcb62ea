import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { watchRun } from './watch-run.ts';

/** What a watch asks a workspace for, written down. */
function createWorkspaceStandIn() {
  const state = { signs: 0, looks: 0, cancel: false, failing: false };
  const answer = <T>(value: T): Promise<T> =>
    state.failing ? Promise.reject(new Error('the database is busy')) : Promise.resolve(value);
  return {
    state,
    runs: {
      heartbeat: async () => {
        state.signs += 1;
        await answer(undefined);
      },
      isCancelRequested: async () => {
        state.looks += 1;
        return await answer(state.cancel);
      },
    },
  };
}

const quick = { cancelPoll: 5, heartbeat: 5 };

describe('watching a run', () => {
  it('gives signs of life until it is stopped', async () => {
    const { state, runs } = createWorkspaceStandIn();
    const watch = watchRun(runs, 'one', { signal: new AbortController().signal, ...quick });
    await expect.poll(() => state.signs).toBeGreaterThan(2);
    watch.stop();
    await delay(10);
    const { signs, looks } = state;
    await delay(40);
    expect(state).toMatchObject({ signs, looks });
    expect(watch.signal.aborted).toBe(false);
  });

  it('ends its signal on a cancel request, and goes on giving signs of life while the script ends', async () => {
    const { state, runs } = createWorkspaceStandIn();
    const watch = watchRun(runs, 'one', { signal: new AbortController().signal, ...quick });
    state.cancel = true;
    await expect.poll(() => watch.signal.aborted).toBe(true);
    expect(watch.signal.reason).toMatchObject({ code: 'CANCELED', message: 'the run one was canceled' });
    const { signs } = state;
    await expect.poll(() => state.signs).toBeGreaterThan(signs + 2);
    watch.stop();
  });

  it('goes on after a failure of the database', async () => {
    const { state, runs } = createWorkspaceStandIn();
    const watch = watchRun(runs, 'one', { signal: new AbortController().signal, ...quick });
    state.failing = true;
    const { signs, looks } = state;
    await expect.poll(() => Math.min(state.signs - signs, state.looks - looks)).toBeGreaterThan(2);
    state.failing = false;
    state.cancel = true;
    await expect.poll(() => watch.signal.aborted).toBe(true);
    watch.stop();
  });

  it.each(['before', 'meanwhile'])('ends its signal with the caller’s, aborted %s', (when) => {
    const caller = new AbortController();
    if (when === 'before') caller.abort('why');
    const watch = watchRun(createWorkspaceStandIn().runs, 'one', { signal: caller.signal, ...quick });
    if (when === 'meanwhile') caller.abort('why');
    expect(watch.signal).toMatchObject({ aborted: true, reason: 'why' });
    watch.stop();
  });
});
