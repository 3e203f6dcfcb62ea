import type { JSX } from 'preact';
import type { BuildRecord } from '../api/types.ts';
import { BuildRow, BuildsHead } from '../parts/build-row.tsx';
import { RecordList } from '../parts/record-list.tsx';

const statuses = ['Queued', 'Running', 'Completed', 'Failed', 'Canceled'];

/** Every build, the newest first. */
export function Builds(): JSX.Element {
  return (
    <RecordList<BuildRecord>
      kind="build"
      statuses={statuses}
      head={<BuildsHead />}
      row={(build) => <BuildRow of={build} />}
      hint="The image of an environment is built on its page."
    />
  );
}
