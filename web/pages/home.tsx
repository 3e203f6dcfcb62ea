import type { ComponentChildren, JSX } from 'preact';
import { call } from '../api/client.ts';
import { mayAct } from '../api/session.ts';
import type { Environment, ModelRecord, Page, RunRecord } from '../api/types.ts';
import { useData } from '../api/use-data.ts';
import { bytes, plural } from '../parts/format.ts';
import { RunRow } from '../parts/run-row.tsx';
import { Category, Status, Time } from '../parts/small.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { useTitle } from '../parts/use-title.ts';

interface Cache {
  archives: { count: number; bytes: number };
  unpacked: { count: number; bytes: number };
  prefixes: { count: number; bytes: number };
}

/** What was made and run lately, what is kept, and what wants somebody's attention. */
export function Home(): JSX.Element {
  useTitle('Home');
  const environments = useData('latest', (signal) =>
    call<Page<Environment>>('/environments?sort=-created&limit=6&category=custom', { signal }),
  );
  const runs = useData('runs', (signal) => call<Page<RunRecord>>('/runs?limit=50', { signal }));
  const models = useData('models', (signal) => call<Page<ModelRecord>>('/models?limit=4', { signal }));
  const isAdmin = mayAct('admin');
  const cache = useData(isAdmin ? 'cache' : undefined, (signal) => call<Cache>('/cache', { signal }));
  const problem = environments.problem ?? runs.problem;
  if (problem !== undefined) return <Failure problem={problem} onRetry={runs.reload} />;
  if (environments.data === undefined || runs.data === undefined) return <Loading lines={8} />;
  const failed = runs.data.items.filter(({ status }) => status === 'Failed').slice(0, 4);
  const ended = runs.data.items.filter(({ status }) => status === 'Completed' || status === 'Failed');
  return (
    <section class="page">
      <header class="page-head">
        <h1>Home</h1>
      </header>
      <dl class="numbers">
        <Figure
          title="of the latest runs completed"
          value={
            ended.length === 0
              ? '–'
              : `${ended.length - ended.filter(({ status }) => status === 'Failed').length} of ${ended.length}`
          }
        />
        <Figure title="go on now" value={String(runs.data.items.filter(({ endedAt }) => endedAt === null).length)} />
        {cache.data !== undefined && (
          <>
            <Figure
              title={`kept in ${plural(cache.data.archives.count, 'archive')}`}
              value={bytes(cache.data.archives.bytes)}
            />
            <Figure
              title={`environments ready on this machine`}
              value={cache.data.prefixes.count.toLocaleString('en')}
            />
          </>
        )}
      </dl>
      <div class="home-columns">
        <section class="card" aria-label="What needs attention">
          <h2>What needs attention</h2>
          {failed.length === 0 ? (
            <p class="good">Nothing: no run failed lately.</p>
          ) : (
            <ul class="plain">
              {failed.map((run) => (
                <li key={run.id}>
                  <Status of={run.status} /> <a href={`/runs/${run.id}`}>{run.displayName ?? run.id}</a>{' '}
                  <span class="muted">
                    {run.error?.message ?? `exit code ${run.exitCode ?? '–'}`}, <Time of={run.createdAt} />
                  </span>
                </li>
              ))}
            </ul>
          )}
        </section>
        <section class="card" aria-label="New environments">
          <h2>New environments</h2>
          {environments.data.items.length === 0 && (
            <p>
              <a href="/create">Make the first one</a>, or begin with a{' '}
              <a href="/environments?category=curated">curated</a> one.
            </p>
          )}
          <ul class="plain">
            {environments.data.items.map(({ name, latestVersion, category, updatedAt }) => (
              <li key={name}>
                <a href={`/environments/${encodeURIComponent(name)}`}>
                  {name}:{latestVersion}
                </a>{' '}
                <Category of={category} />{' '}
                <span class="muted">
                  <Time of={updatedAt} />
                </span>
              </li>
            ))}
          </ul>
        </section>
        {models.data !== undefined && models.data.items.length > 0 && (
          <section class="card" aria-label="New models">
            <h2>New models</h2>
            <ul class="plain">
              {models.data.items.map(({ name, version, createdAt, size }) => (
                <li key={`${name}:${version}`}>
                  <a href={`/models/${encodeURIComponent(name)}/${encodeURIComponent(version)}`}>
                    {name}:{version}
                  </a>{' '}
                  <span class="muted">
                    {bytes(size)}, <Time of={createdAt} />
                  </span>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
      <h2>Latest runs</h2>
      {runs.data.items.length === 0 ? (
        <p class="muted">
          None yet: <code>terroir run --env requirements.txt -- python train.py</code>
        </p>
      ) : (
        <div class="rows whole">
          {runs.data.items.slice(0, 8).map((run) => (
            <RunRow key={run.id} of={run} />
          ))}
        </div>
      )}
    </section>
  );
}

function Figure({ title, value }: { title: string; value: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{value}</dd>
    </div>
  );
}
