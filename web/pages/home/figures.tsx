import type { ComponentChildren, JSX } from 'preact';
import type { CacheSummary, RunRecord, Statistics } from '../../api/types.ts';
import { bytes, duration, plural } from '../../parts/format.ts';

/** The workspace in a few numbers. What only an admin may see is missing for the others. */
export function Figures({
  runs,
  statistics: { builds },
  cache,
}: {
  runs: readonly RunRecord[];
  statistics: Statistics;
  cache: CacheSummary | undefined;
}): JSX.Element {
  const ended = runs.filter(({ status }) => status === 'Completed' || status === 'Failed');
  const completed = ended.filter(({ status }) => status === 'Completed');
  const { workspace, global, built } = builds.completed;
  const asked = workspace + global + built;
  return (
    <dl class="numbers">
      <Figure
        title="latest runs completed"
        value={ended.length === 0 ? '–' : `${completed.length} of ${ended.length}`}
      />
      <Figure title="runs going on" value={String(runs.filter(({ endedAt }) => endedAt === null).length)} />
      {asked > 0 && (
        <>
          <Figure
            title={`of ${plural(asked, 'build')} from a cache`}
            value={`${Math.round((100 * (workspace + global)) / asked)} %`}
          />
          <Figure title="saved by the cache" value={duration(builds.savedSeconds)} />
        </>
      )}
      {builds.medianSeconds !== null && <Figure title="median build" value={duration(builds.medianSeconds)} />}
      {cache !== undefined && (
        <>
          <Figure title="in the registry" value={bytes(cache.registry.bytes)} />
          <Figure
            title="in the machine’s store"
            value={bytes(cache.archives.bytes + cache.unpacked.bytes + cache.channels.bytes)}
          />
          <Figure title="environments ready here" value={cache.prefixes.count.toLocaleString('en')} />
        </>
      )}
    </dl>
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
