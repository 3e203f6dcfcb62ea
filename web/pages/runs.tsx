import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { call, queryText } from '../api/client.ts';
import type { Page, RunRecord } from '../api/types.ts';
import { usePages } from '../api/use-pages.ts';
import { plural } from '../parts/format.ts';
import { RunRow, RunsHead } from '../parts/run-row.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { useTitle } from '../parts/use-title.ts';
import { VirtualList } from '../parts/virtual-list.tsx';

const statuses = ['Queued', 'Preparing', 'Running', 'Completed', 'Failed', 'Canceled'];

/** Every run, the newest first. */
export function Runs(): JSX.Element {
  useTitle('Runs');
  const { query, route } = useLocation();
  const { status = '', environment = '' } = query;
  const [text, setText] = useState(environment);
  const change = (changes: Record<string, string>): void =>
    route(`/runs${queryText({ status, environment, ...changes })}`, true);
  const list = usePages<RunRecord>(`runs ${status} ${environment}`, (cursor, signal) =>
    call<Page<RunRecord>>(`/runs${queryText({ status, environment, cursor, limit: 200 })}`, { signal }),
  );
  const isFiltered = status !== '' || environment !== '';
  return (
    <section class="page tall">
      <header class="page-head">
        <h1>Runs</h1>
        <p class="muted" role="status">
          {list.problem === undefined && `${plural(list.items.length, 'run')}${list.isComplete ? '' : ' and more'}`}
        </p>
      </header>
      <div class="filters">
        <label class="field">
          Status
          <select value={status} onChange={(event) => change({ status: event.currentTarget.value })}>
            <option value="">any</option>
            {statuses.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            change({ environment: text.trim() });
          }}
        >
          <input
            type="search"
            class="search"
            placeholder="Environment: iris:2"
            aria-label="Only of this environment"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </form>
        <button type="button" onClick={list.reload}>
          Refresh
        </button>
      </div>
      {list.problem !== undefined && <Failure problem={list.problem} onRetry={list.reload} />}
      {list.problem === undefined && list.items.length === 0 && list.isLoading && <Loading lines={9} />}
      {list.problem === undefined && list.items.length === 0 && !list.isLoading && (
        <Empty title={isFiltered ? 'No run is like that' : 'No runs yet'}>
          {!isFiltered && (
            <p>
              <code>terroir run --env requirements.txt -- python train.py</code>
            </p>
          )}
        </Empty>
      )}
      {list.items.length > 0 && list.problem === undefined && (
        <>
          <RunsHead />
          <VirtualList
            class={list.isLoading ? 'stale' : ''}
            count={list.items.length}
            rowHeight={44}
            label="Runs"
            onNearEnd={list.more}
            row={(index) => {
              const run = list.items[index];
              return run === undefined ? null : <RunRow of={run} />;
            }}
          />
        </>
      )}
    </section>
  );
}
