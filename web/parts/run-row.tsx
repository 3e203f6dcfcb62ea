import type { JSX } from 'preact';
import type { BuildRecord, RunRecord } from '../api/types.ts';
import { commandText, duration } from './format.ts';
import { Status, Time } from './small.tsx';

export function RunsHead(): JSX.Element {
  return (
    <div class="run-row row-head" aria-hidden="true">
      <span>Run</span>
      <span>Status</span>
      <span>Environment</span>
      <span>Command</span>
      <span>Took</span>
      <span>Started</span>
    </div>
  );
}

export function RunRow({ of }: { of: RunRecord }): JSX.Element {
  return (
    <div class="run-row">
      <span class="cell-name">
        <a href={`/runs/${of.id}`} title={of.id}>
          {of.displayName ?? of.id}
        </a>
      </span>
      <span>
        <Status of={of.status} />
      </span>
      <span class="clip">
        <EnvironmentLink of={of.environment} />
      </span>
      <span class="clip muted">
        <code title={commandText(of.command)}>{commandText(of.command)}</code>
      </span>
      <span class="muted number">{tookText(of)}</span>
      <span class="muted cell-time">
        <Time of={of.createdAt} />
      </span>
    </div>
  );
}

export function EnvironmentLink({ of: { name, version } }: { of: { name: string; version: string } }): JSX.Element {
  const text = `${name}:${version}`;
  return (
    <a href={`/environments/${encodeURIComponent(name)}?version=${encodeURIComponent(version)}`} title={text}>
      {name === 'anonymous' ? `anonymous:${version.slice(0, 8)}` : text}
    </a>
  );
}

export function tookText({ startedAt, endedAt }: RunRecord | BuildRecord): string {
  if (startedAt === null) return '';
  const end = endedAt === null ? Date.now() : Date.parse(endedAt);
  return duration((end - Date.parse(startedAt)) / 1000);
}
