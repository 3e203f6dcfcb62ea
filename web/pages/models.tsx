import type { JSX } from 'preact';
import { call, queryText } from '../api/client.ts';
import type { ModelRecord, Page } from '../api/types.ts';
import { usePages } from '../api/use-pages.ts';
import { bytes, plural } from '../parts/format.ts';
import { Tags, Time } from '../parts/small.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { useTitle } from '../parts/use-title.ts';
import { VirtualList } from '../parts/virtual-list.tsx';

/** Every model, the newest first. */
export function Models(): JSX.Element {
  useTitle('Models');
  const list = usePages<ModelRecord>('models', (cursor, signal) =>
    call<Page<ModelRecord>>(`/models${queryText({ cursor, limit: 200 })}`, { signal }),
  );
  return (
    <section class="page tall">
      <header class="page-head">
        <h1>Models</h1>
        <p class="muted" role="status">
          {list.problem === undefined && `${plural(list.items.length, 'model')}${list.isComplete ? '' : ' and more'}`}
        </p>
      </header>
      {list.problem !== undefined && <Failure problem={list.problem} onRetry={list.reload} />}
      {list.items.length === 0 && list.isLoading && <Loading />}
      {list.items.length === 0 && !list.isLoading && list.problem === undefined && (
        <Empty title="No models yet">
          <p>
            <code>terroir model register --run RUN --name NAME --path outputs/model</code>
          </p>
        </Empty>
      )}
      {list.items.length > 0 && (
        <>
          <div class="model-row row-head" aria-hidden="true">
            <span>Model</span>
            <span>Run</span>
            <span>Size</span>
            <span>Tags</span>
            <span>Registered</span>
          </div>
          <VirtualList
            count={list.items.length}
            rowHeight={44}
            label="Models"
            onNearEnd={list.more}
            row={(index) => {
              const model = list.items[index];
              return model === undefined ? null : <Row of={model} />;
            }}
          />
        </>
      )}
    </section>
  );
}

function Row({ of }: { of: ModelRecord }): JSX.Element {
  return (
    <div class="model-row">
      <span class="cell-name">
        <a href={`/models/${encodeURIComponent(of.name)}/${encodeURIComponent(of.version)}`}>
          {of.name}:{of.version}
        </a>
      </span>
      <span class="clip">
        <a href={`/runs/${of.runId}`}>{of.runId}</a>
      </span>
      <span class="number">{bytes(of.size)}</span>
      <span class="clip">
        <Tags of={of.tags} />
      </span>
      <span class="muted cell-time">
        <Time of={of.createdAt} />
      </span>
    </div>
  );
}
