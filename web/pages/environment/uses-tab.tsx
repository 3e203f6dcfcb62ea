import type { JSX } from 'preact';
import { call, queryText } from '../../api/client.ts';
import type { ModelRecord, Page, RunRecord, Version } from '../../api/types.ts';
import { useData } from '../../api/use-data.ts';
import { RunRow, RunsHead } from '../../parts/run-row.tsx';
import { Time } from '../../parts/small.tsx';
import { Empty, Failure, Loading } from '../../parts/states.tsx';

/** What came from this version. */
export function UsesTab({ version }: { version: Version }): JSX.Element {
  const reference = `${version.name}:${version.version}`;
  const runs = useData(`runs ${reference}`, (signal) =>
    call<Page<RunRecord>>(`/runs${queryText({ environment: reference, limit: 100 })}`, { signal }),
  );
  const models = useData('models', (signal) => call<Page<ModelRecord>>('/models?limit=1000', { signal }));
  if (runs.problem !== undefined) return <Failure problem={runs.problem} onRetry={runs.reload} />;
  if (runs.data === undefined) return <Loading />;
  if (runs.data.items.length === 0)
    return (
      <Empty title="No run has used this version">
        <p>
          <code>terroir run --env {reference} -- python train.py</code>
        </p>
      </Empty>
    );
  const ids = new Set(runs.data.items.map(({ id }) => id));
  const trained = (models.data?.items ?? []).filter(({ runId }) => ids.has(runId));
  return (
    <>
      {trained.length > 0 && (
        <>
          <h2>Models</h2>
          <ul class="plain">
            {trained.map((model) => (
              <li key={`${model.name}:${model.version}`}>
                <a href={`/models/${encodeURIComponent(model.name)}/${encodeURIComponent(model.version)}`}>
                  {model.name}:{model.version}
                </a>{' '}
                <span class="muted">
                  from <a href={`/runs/${model.runId}`}>{model.runId}</a>, <Time of={model.createdAt} />
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>Runs</h2>
      <RunsHead />
      {runs.data.items.map((run) => (
        <RunRow key={run.id} of={run} />
      ))}
      {runs.data.next !== null && (
        <p>
          <a href={`/runs${queryText({ environment: reference })}`}>All runs</a>
        </p>
      )}
    </>
  );
}
