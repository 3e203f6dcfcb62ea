import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { call, queryText } from '../api/client.ts';
import type { BuildRecord, Page } from '../api/types.ts';
import { usePages } from '../api/use-pages.ts';
import { BuildRow, BuildsHead } from '../parts/build-row.tsx';
import { plural } from '../parts/format.ts';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { useTitle } from '../parts/use-title.ts';
import { VirtualList } from '../parts/virtual-list.tsx';

const statuses = ['Queued', 'Running', 'Completed', 'Failed', 'Canceled'];
const pageSize = 200;
/** Milliseconds between two looks at builds that go on. */
const lookAgain = 2000;

/** Every build, the newest first. */
export function Builds(): JSX.Element {
  useTitle('Builds');
  const { query, route } = useLocation();
  const { status = '', environment = '' } = query;
  const [text, setText] = useState(environment);
  const change = (changes: Record<string, string>): void =>
    route(`/builds${queryText({ status, environment, ...changes })}`, true);
  const list = usePages<BuildRecord>(`builds ${status} ${environment}`, (cursor, signal) =>
    call<Page<BuildRecord>>(`/builds${queryText({ status, environment, cursor, limit: pageSize })}`, { signal }),
  );
  // Who has scrolled on is not brought back to the first page.
  const isGoing = list.items.length <= pageSize && list.items.some(({ endedAt }) => endedAt === null);
  useEffect(() => {
    if (!isGoing) return undefined;
    const timer = setInterval(list.reload, lookAgain);
    return () => clearInterval(timer);
  }, [isGoing, list.reload]);
  const isFiltered = status !== '' || environment !== '';
  return (
    <section class="page tall">
      <header class="page-head">
        <h1>Builds</h1>
        <p class="muted" role="status">
          {list.problem === undefined && `${plural(list.items.length, 'build')}${list.isComplete ? '' : ' and more'}`}
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
        <Empty title={isFiltered ? 'No build is like that' : 'No builds yet'}>
          {!isFiltered && <p>The image of an environment is built on its page.</p>}
        </Empty>
      )}
      {list.items.length > 0 && list.problem === undefined && (
        <>
          <BuildsHead />
          <VirtualList
            count={list.items.length}
            rowHeight={44}
            label="Builds"
            onNearEnd={list.more}
            row={(index) => {
              const build = list.items[index];
              return build === undefined ? null : <BuildRow of={build} />;
            }}
          />
        </>
      )}
    </section>
  );
}
