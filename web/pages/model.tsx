import type { JSX } from 'preact';
import { useRoute } from 'preact-iso';
import { call } from '../api/client.ts';
import type { ShownModel } from '../api/types.ts';
import { useData } from '../api/use-data.ts';
import { bytes, plural, shortDigest } from '../parts/format.ts';
import { EnvironmentLink } from '../parts/run-row.tsx';
import { Copy, Tags, Time } from '../parts/small.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { useTitle } from '../parts/use-title.ts';

/** A model, and what trained it. */
export function Model(): JSX.Element {
  const { name = '', version = '' } = useRoute().params;
  useTitle(`${name}:${version}`);
  const path = `/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
  const { data: model, problem, reload } = useData(path, (signal) => call<ShownModel>(path, { signal }));
  if (problem !== undefined) return <Failure problem={problem} onRetry={reload} />;
  if (model === undefined) return <Loading lines={6} />;
  return (
    <section class="page">
      <header class="page-head">
        <p class="crumbs">
          <a href="/models">Models</a>
        </p>
        <h1>
          {name}:{version}
        </h1>
      </header>
      {model.description !== null && <p class="description">{model.description}</p>}
      <Tags of={model.tags} />
      <h2>What trained it</h2>
      <dl class="facts">
        <div>
          <dt>Environment</dt>
          <dd>
            <EnvironmentLink of={model.environment} />
          </dd>
        </div>
        <div>
          <dt>Run</dt>
          <dd>
            <a href={`/runs/${model.run}`}>{model.run}</a>
          </dd>
        </div>
        <div>
          <dt>Lock</dt>
          <dd>{model.lockDigest === null ? 'none' : <code>{shortDigest(model.lockDigest)}</code>}</dd>
        </div>
        {model.imageDigest !== null && (
          <div>
            <dt>Image</dt>
            <dd>
              <code>{shortDigest(model.imageDigest)}</code>
            </dd>
          </div>
        )}
        <div>
          <dt>Train it again</dt>
          <dd>
            <Copy text={`terroir runs replay ${model.run}`} label="replay command" />
          </dd>
        </div>
      </dl>
      <h2>Content</h2>
      <dl class="facts">
        <div>
          <dt>Path in the run</dt>
          <dd>
            <code>{model.path}</code>
          </dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd>
            {bytes(model.size)} in {plural(model.files, 'file')}
          </dd>
        </div>
        <div>
          <dt>Digest</dt>
          <dd>
            <Copy text={model.digest} label="digest">
              {shortDigest(model.digest)}
            </Copy>
          </dd>
        </div>
        <div>
          <dt>Registered</dt>
          <dd>
            <Time of={model.createdAt} /> by {model.createdBy}
          </dd>
        </div>
      </dl>
    </section>
  );
}
