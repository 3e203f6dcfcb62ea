import type { JSX } from 'preact';
import type { BuildRecord } from '../api/types.ts';
import { tookText } from './run-row.tsx';
import { Status, Time } from './small.tsx';

const sources = { workspace: 'the workspace', global: 'the global registry', built: 'built' } as const;

export function BuildsHead(): JSX.Element {
  return (
    <div class="build-row row-head" aria-hidden="true">
      <span>Image of</span>
      <span>Status</span>
      <span>Came from</span>
      <span>By</span>
      <span>Took</span>
      <span>Asked for</span>
    </div>
  );
}

export function BuildRow({ of }: { of: BuildRecord }): JSX.Element {
  return (
    <div class="build-row">
      <span class="cell-name">
        <a href={`/builds/${of.id}`} title={of.id}>
          {of.environment.name}:{of.environment.version}
        </a>
      </span>
      <span>
        <Status of={of.status} />
      </span>
      <span class="clip muted">{sourceText(of)}</span>
      <span class="clip muted" title={of.createdBy}>
        {of.createdBy}
      </span>
      <span class="muted number">{tookText(of)}</span>
      <span class="muted cell-time">
        <Time of={of.createdAt} />
      </span>
    </div>
  );
}

/** Where its images came from, or what became of it. */
export function sourceText({ images, error, rebuild }: BuildRecord): string {
  if (error !== null) return error.message;
  if (images === null) return rebuild ? 'a rebuild' : '';
  return [...new Set(images.map(({ source }) => sources[source]))].join(', ');
}
