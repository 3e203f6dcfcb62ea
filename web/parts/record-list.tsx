import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { call, queryText } from '../api/client.ts';
import type { Page } from '../api/types.ts';
import { usePages } from '../api/use-pages.ts';
import { plural } from './format.ts';
import { Empty, Failure, Loading } from './states.tsx';
import { useTitle } from './use-title.ts';
import { VirtualList } from './virtual-list.tsx';

const pageSize = 200;
/** Milliseconds between two looks at what goes on. */
const lookAgain = 2000;

interface Props<T> {
  /** What they are, one of them; the page and the API call them by its plural. */
  kind: 'build' | 'run';
  statuses: readonly string[];
  head: ComponentChildren;
  row(record: T): ComponentChildren;
  /** What to do where there is none. */
  hint: ComponentChildren;
}

/** The page of builds or runs: every one, the newest first, by status and environment; looked at again while one goes on. */
export function RecordList<T extends { endedAt: string | null }>(props: Props<T>): JSX.Element {
  const { kind, statuses, head, row, hint } = props;
  const path = `/${kind}s`;
  const title = `${kind[0]?.toUpperCase()}${kind.slice(1)}s`;
  useTitle(title);
  const { query, route } = useLocation();
  const { status = '', environment = '' } = query;
  const [text, setText] = useState(environment);
  const change = (changes: Record<string, string>): void =>
    route(`${path}${queryText({ status, environment, ...changes })}`, true);
  const list = usePages<T>(`${path} ${status} ${environment}`, (cursor, signal) =>
    call<Page<T>>(`${path}${queryText({ status, environment, cursor, limit: pageSize })}`, { signal }),
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
        <h1>{title}</h1>
        <p class="muted" role="status">
          {list.problem === undefined && `${plural(list.items.length, kind)}${list.isComplete ? '' : ' and more'}`}
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
        <Empty title={isFiltered ? `No ${kind} is like that` : `No ${kind}s yet`}>{!isFiltered && <p>{hint}</p>}</Empty>
      )}
      {list.items.length > 0 && list.problem === undefined && (
        <>
          {head}
          <VirtualList
            count={list.items.length}
            rowHeight={44}
            label={title}
            onNearEnd={list.more}
            row={(index) => {
              const record = list.items[index];
              return record === undefined ? null : row(record);
            }}
          />
        </>
      )}
    </section>
  );
}
