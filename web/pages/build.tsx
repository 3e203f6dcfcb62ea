import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { call } from '../api/client.ts';
import { mayAct } from '../api/session.ts';
import type { BuildRecord } from '../api/types.ts';
import { useData } from '../api/use-data.ts';
import { BuildFailure } from '../parts/build-failure.tsx';
import { sourceText } from '../parts/build-row.tsx';
import { BuildSteps } from '../parts/build-steps.tsx';
import { bytes, duration, shortDigest } from '../parts/format.ts';
import { Rebuild } from '../parts/rebuild.tsx';
import { EnvironmentLink, tookText } from '../parts/run-row.tsx';
import { Copy, Fact, Status, Time } from '../parts/small.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { useAction } from '../parts/use-action.tsx';
import { useTitle } from '../parts/use-title.ts';

/** Milliseconds between two looks at a build that goes on. */
const lookAgain = 1000;

/** One build: its steps as they happen, why it failed, and what came of it. */
export function Build(): JSX.Element {
  const { id = '' } = useRoute().params;
  const { route } = useLocation();
  const path = `/builds/${encodeURIComponent(id)}`;
  const loaded = useData(path, (signal) => call<BuildRecord>(path, { signal }));
  const build = loaded.data;
  useTitle(build === undefined ? id : `Image of ${build.environment.name}:${build.environment.version}`);
  const isGoing = build !== undefined && build.endedAt === null;
  useEffect(() => {
    if (!isGoing) return undefined;
    const timer = setInterval(loaded.reload, lookAgain);
    return () => clearInterval(timer);
  }, [isGoing, loaded.reload]);
  const cancel = useAction(async () => {
    await call(`${path}/cancel`, { method: 'POST' });
    loaded.reload();
  });
  const again = useAction(async (rebuild: boolean) => {
    if (build === undefined) return;
    const { environment, platforms } = build;
    const body = { environment: `${environment.name}:${environment.version}`, platforms, rebuild };
    const next = await call<BuildRecord>('/builds', { method: 'POST', body });
    route(`/builds/${next.id}`);
  });
  if (loaded.problem !== undefined) return <Failure problem={loaded.problem} onRetry={loaded.reload} />;
  if (build === undefined) return <Loading lines={8} />;
  const { environment, error, images } = build;
  return (
    <section class="page">
      <header class="page-head">
        <p class="crumbs">
          <a href="/builds">Builds</a>
        </p>
        <div class="title-line">
          <h1>
            Image of {environment.name}:{environment.version}
          </h1>
          <Status of={build.status} />
        </div>
        {mayAct('contributor') && (
          <div class="actions">
            {isGoing && (
              <button type="button" class="danger" disabled={cancel.isGoing} onClick={() => cancel.start()}>
                Cancel
              </button>
            )}
            {!isGoing && build.status !== 'Completed' && (
              <button type="button" class="primary" disabled={again.isGoing} onClick={() => again.start(build.rebuild)}>
                Build again
              </button>
            )}
            {!isGoing && <Rebuild isGoing={again.isGoing} onStart={() => again.start(true)} />}
          </div>
        )}
      </header>
      {cancel.message}
      {again.message}
      <dl class="facts">
        <Fact title="Environment">
          <EnvironmentLink of={environment} />
        </Fact>
        <Fact title="For">{build.platforms.join(', ')}</Fact>
        <Fact title="Took">{tookText(build) || '–'}</Fact>
        {build.startedAt !== null && <Fact title="Waited">{waited(build.createdAt, build.startedAt)}</Fact>}
        <Fact title="Asked for">
          <Time of={build.createdAt} /> by {build.createdBy}
          {build.rebuild && ', as a rebuild'}
        </Fact>
        {build.worker !== null && (
          <Fact title="Worker">
            {build.worker}
            {build.attempts > 1 && `, attempt ${build.attempts}`}
          </Fact>
        )}
        {images !== null && <Fact title="Came from">{sourceText(build)}</Fact>}
      </dl>
      {error !== null && build.status === 'Failed' && <BuildFailure error={error} />}
      {error !== null && build.status === 'Canceled' && <p>It was canceled.</p>}
      {images !== null && images.length > 0 && (
        <>
          <h2>Images</h2>
          <div class="scroll-x" tabIndex={0} role="group" aria-label="Images">
            <table class="pairs images">
              <thead>
                <tr>
                  <th scope="col">Platform</th>
                  <th scope="col">Revision</th>
                  <th scope="col">Size</th>
                  <th scope="col">Digest</th>
                </tr>
              </thead>
              <tbody>
                {images.map(({ platform, revision, size, digest }) => (
                  <tr key={platform}>
                    <td>
                      <a
                        href={`/environments/${encodeURIComponent(environment.name)}?version=${encodeURIComponent(environment.version)}&tab=image`}
                      >
                        {platform}
                      </a>
                    </td>
                    <td class="number">{revision}</td>
                    <td class="number">{bytes(size)}</td>
                    <td>
                      <Copy text={digest} label="digest">
                        {shortDigest(digest)}
                      </Copy>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      <h2>Steps</h2>
      <BuildSteps build={build.id} onEnd={loaded.reload} />
    </section>
  );
}

function waited(from: string, to: string): string {
  return duration(Math.max(0, Date.parse(to) - Date.parse(from)) / 1000);
}
