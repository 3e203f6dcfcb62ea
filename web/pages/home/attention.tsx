import type { JSX } from 'preact';
import type { BuildRecord, RunRecord, Statistics } from '../../api/types.ts';
import { Status, Time } from '../../parts/small.tsx';

/** Of each kind, so many. */
const most = 4;

/** What somebody should look at: what failed lately, and what stands on a base that has moved. */
export function Attention({
  runs,
  builds,
  movedBases,
}: {
  runs: readonly RunRecord[];
  builds: readonly BuildRecord[];
  movedBases: Statistics['movedBases'];
}): JSX.Element {
  const failedRuns = runs.filter(({ status }) => status === 'Failed').slice(0, most);
  const failedBuilds = openFailures(builds).slice(0, most);
  return (
    <section class="card" aria-label="What needs attention">
      <h2>What needs attention</h2>
      {failedRuns.length + failedBuilds.length + movedBases.length === 0 ? (
        <p class="good">Nothing: no run and no build failed lately, and no base image has moved.</p>
      ) : (
        <ul class="plain">
          {failedBuilds.map(({ id, status, environment: { name, version }, error, createdAt }) => (
            <li key={id}>
              <Status of={status} />{' '}
              <a href={`/builds/${id}`}>
                the image of {name}:{version}
              </a>{' '}
              <span class="muted">
                {error?.message.split('\n')[0]}, <Time of={createdAt} />
              </span>
            </li>
          ))}
          {failedRuns.map((run) => (
            <li key={run.id}>
              <Status of={run.status} /> <a href={`/runs/${run.id}`}>{run.displayName ?? run.id}</a>{' '}
              <span class="muted">
                {run.error?.message.split('\n')[0] ?? `exit code ${run.exitCode ?? '–'}`}, <Time of={run.createdAt} />
              </span>
            </li>
          ))}
          {movedBases.slice(0, most).map(({ environment, version, reference }) => (
            <li key={environment}>
              <a href={`/environments/${encodeURIComponent(environment)}?tab=image`}>
                {environment}:{version}
              </a>{' '}
              <span class="muted">
                stands on an older <code>{reference}</code>: its tag has moved. The next build takes the new one.
              </span>
            </li>
          ))}
          {movedBases.length > most && (
            <li class="muted">{movedBases.length - most} more environments stand on a base that has moved.</li>
          )}
        </ul>
      )}
    </section>
  );
}

/** Where the newest build of a version failed; who built it again meanwhile need not hear of it. */
function openFailures(builds: readonly BuildRecord[]): BuildRecord[] {
  const seen = new Set<string>();
  return builds.filter(({ status, environment: { name, version } }) => {
    const reference = `${name}:${version}`;
    const isNewest = !seen.has(reference);
    seen.add(reference);
    return isNewest && status === 'Failed';
  });
}
