import type { JSX } from 'preact';
import { call } from '../../api/client.ts';
import { mayAct } from '../../api/session.ts';
import type {
  BuildRecord,
  CacheSummary,
  Environment,
  ModelRecord,
  Page,
  RunRecord,
  Statistics,
} from '../../api/types.ts';
import { useData } from '../../api/use-data.ts';
import { BuildRow } from '../../parts/build-row.tsx';
import { bytes } from '../../parts/format.ts';
import { RunRow } from '../../parts/run-row.tsx';
import { Category, Time } from '../../parts/small.tsx';
import { Failure, Loading } from '../../parts/states.tsx';
import { useTitle } from '../../parts/use-title.ts';
import { Attention } from './attention.tsx';
import { Figures } from './figures.tsx';

/** What was made and run lately, what is kept, and what wants somebody's attention. */
export function Home(): JSX.Element {
  useTitle('Home');
  const environments = useData('latest', (signal) =>
    call<Page<Environment>>('/environments?sort=-created&limit=6&category=custom', { signal }),
  );
  const runs = useData('runs', (signal) => call<Page<RunRecord>>('/runs?limit=50', { signal }));
  const models = useData('models', (signal) => call<Page<ModelRecord>>('/models?limit=4', { signal }));
  const builds = useData('builds', (signal) => call<Page<BuildRecord>>('/builds?limit=50', { signal }));
  const statistics = useData('statistics', (signal) => call<Statistics>('/statistics', { signal }));
  const isAdmin = mayAct('admin');
  const cache = useData(isAdmin ? 'cache' : undefined, (signal) => call<CacheSummary>('/cache', { signal }));
  const needed = [environments, runs, statistics];
  const failed = needed.find(({ problem }) => problem !== undefined);
  if (failed?.problem !== undefined)
    return <Failure problem={failed.problem} onRetry={() => needed.forEach(({ reload }) => reload())} />;
  if (environments.data === undefined || runs.data === undefined || statistics.data === undefined)
    return <Loading lines={8} />;
  return (
    <section class="page">
      <header class="page-head">
        <h1>Home</h1>
      </header>
      <Figures runs={runs.data.items} statistics={statistics.data} cache={cache.data} />
      <div class="home-columns">
        <Attention runs={runs.data.items} builds={builds.data?.items ?? []} movedBases={statistics.data.movedBases} />
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
      {builds.data !== undefined && builds.data.items.length > 0 && (
        <>
          <h2>Latest builds</h2>
          <div class="rows whole">
            {builds.data.items.slice(0, 5).map((build) => (
              <BuildRow key={build.id} of={build} />
            ))}
          </div>
        </>
      )}
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
