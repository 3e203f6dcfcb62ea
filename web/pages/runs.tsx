import type { JSX } from 'preact';
import type { RunRecord } from '../api/types.ts';
import { RecordList } from '../parts/record-list.tsx';
import { RunRow, RunsHead } from '../parts/run-row.tsx';

const statuses = ['Queued', 'Preparing', 'Running', 'Completed', 'Failed', 'Canceled'];

/** Every run, the newest first. */
export function Runs(): JSX.Element {
  return (
    <RecordList<RunRecord>
      kind="run"
      statuses={statuses}
      head={<RunsHead />}
      row={(run) => <RunRow of={run} />}
      hint={<code>terroir run --env requirements.txt -- python train.py</code>}
    />
  );
}
