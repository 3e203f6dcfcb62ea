import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { call, queryText } from '../api/client.ts';
import type { Environment, Page } from '../api/types.ts';
import { usePages } from '../api/use-pages.ts';
import { plural } from '../parts/format.ts';
import { Category, Tags, Time } from '../parts/small.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { useTitle } from '../parts/use-title.ts';
import { VirtualList } from '../parts/virtual-list.tsx';

const kinds = [
  ['', 'All'],
  ['custom', 'Custom'],
  ['curated', 'Curated'],
  ['system_managed', 'System-managed'],
  ['user_managed', 'User-managed'],
] as const;

/** Every environment. What is chosen stands in the address. */
export function Environments(): JSX.Element {
  useTitle('Environments');
  const { query, route } = useLocation();
  const { search = '', category = '', archived = '', sort = '' } = query;
  const tags = new URLSearchParams(window.location.search).getAll('tag');
  const change = (changes: Record<string, string | string[]>): void =>
    route(`/environments${queryText({ search, category, tag: tags, archived, sort, ...changes })}`, true);
  const filter = { search, category, tag: tags, archived, sort };
  const list = usePages<Environment>(JSON.stringify(filter), (cursor, signal) =>
    call<Page<Environment>>(`/environments${queryText({ ...filter, cursor, limit: 200 })}`, { signal }),
  );
  const isFiltered = search !== '' || category !== '' || tags.length > 0 || archived !== '';
  return (
    <section class="page tall">
      <header class="page-head">
        <h1>Environments</h1>
        <p class="muted" role="status">
          {list.problem === undefined &&
            `${plural(list.items.length, 'environment')}${list.isComplete ? '' : ' and more'}`}
        </p>
      </header>
      <div class="filters">
        <Search value={search} onChange={(text) => change({ search: text })} />
        <div class="segments" role="group" aria-label="Category">
          {kinds.map(([value, title]) => (
            <button
              key={value}
              type="button"
              aria-pressed={value === category}
              onClick={() => change({ category: value })}
            >
              {title}
            </button>
          ))}
        </div>
        <TagFilter tags={tags} onChange={(tag) => change({ tag })} />
        <label class="field">
          Show
          <select value={archived} onChange={(event) => change({ archived: event.currentTarget.value })}>
            <option value="">active</option>
            <option value="archived">archived</option>
            <option value="all">all</option>
          </select>
        </label>
        <label class="field">
          Sort by
          <select value={sort} onChange={(event) => change({ sort: event.currentTarget.value })}>
            <option value="">name</option>
            <option value="-name">name, Z first</option>
            <option value="-created">newest first</option>
            <option value="created">oldest first</option>
          </select>
        </label>
      </div>
      {list.problem !== undefined && <Failure problem={list.problem} onRetry={list.reload} />}
      {list.problem === undefined && list.items.length === 0 && list.isLoading && <Loading lines={9} />}
      {list.problem === undefined && list.items.length === 0 && !list.isLoading && (
        <Nothing isFiltered={isFiltered} onReset={() => route('/environments', true)} />
      )}
      {list.items.length > 0 && (
        <>
          <div class="environment-row row-head" aria-hidden="true">
            <span>Name</span>
            <span>Latest</span>
            <span>Category</span>
            <span>Description</span>
            <span>Changed</span>
          </div>
          <VirtualList
            class={list.isLoading ? 'stale' : ''}
            count={list.items.length}
            rowHeight={48}
            label="Environments"
            onNearEnd={list.more}
            row={(index) => {
              const item = list.items[index];
              return item === undefined ? null : <Row of={item} />;
            }}
          />
        </>
      )}
    </section>
  );
}

function Row({ of }: { of: Environment }): JSX.Element {
  return (
    <div class={`environment-row${of.archived ? ' archived' : ''}`}>
      <span class="cell-name">
        <a href={`/environments/${encodeURIComponent(of.name)}`} title={of.name}>
          {of.name}
        </a>
        {of.archived && <span class="badge">archived</span>}
      </span>
      <span class="cell-version">
        <code>{of.latestVersion}</code>
        {of.versions > 1 && <span class="muted"> of {of.versions.toLocaleString('en')}</span>}
      </span>
      <span>
        <Category of={of.category} />
      </span>
      <span class="cell-description">
        <span class="clip" title={of.description ?? ''}>
          {of.description}
        </span>
        <Tags of={of.tags} />
      </span>
      <span class="muted cell-time">
        <Time of={of.updatedAt} />
      </span>
    </div>
  );
}

function Nothing({ isFiltered, onReset }: { isFiltered: boolean; onReset(): void }): JSX.Element {
  if (!isFiltered)
    return (
      <Empty title="No environments yet">
        <p>
          <a href="/create">Make the first one</a>, or send one from the command line:{' '}
          <code>terroir env create environment.yml</code>
        </p>
      </Empty>
    );
  return (
    <Empty title="No environment is like that">
      <button type="button" onClick={onReset}>
        Take the filters away
      </button>
    </Empty>
  );
}

/** Milliseconds of rest after which typing counts. */
const pause = 120;

function Search({ value, onChange }: { value: string; onChange(text: string): void }): JSX.Element {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const sent = useRef(value);
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setText(value);
  }, [value]);
  const type = (next: string): void => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      sent.current = next;
      onChange(next);
    }, pause);
  };
  return (
    <input
      type="search"
      class="search"
      placeholder="Search names   /"
      aria-label="Search names"
      value={text}
      onInput={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'ArrowDown') document.querySelector<HTMLElement>('.virtual-row a')?.focus();
      }}
    />
  );
}

function TagFilter({ tags, onChange }: { tags: readonly string[]; onChange(tags: string[]): void }): JSX.Element {
  const [text, setText] = useState('');
  const add = (event: Event): void => {
    event.preventDefault();
    if (text.trim() !== '' && !tags.includes(text.trim())) onChange([...tags, text.trim()]);
    setText('');
  };
  return (
    <form class="tag-filter" onSubmit={add}>
      {tags.map((tag) => (
        <button
          key={tag}
          type="button"
          class="tag removable"
          aria-label={`${tag}: take the filter away`}
          onClick={() => onChange(tags.filter((each) => each !== tag))}
        >
          {tag} <span aria-hidden="true">×</span>
        </button>
      ))}
      <input
        class="tag-input"
        placeholder="tag or key=value"
        aria-label="Only with this tag"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}
