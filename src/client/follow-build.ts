import { recordedError } from '../app/index.ts';
import type { Emit, ReportEvent } from '../report/index.ts';
import type { BuildRecord } from '../schema/index.ts';
import type { Connection } from './connection.ts';
import { followEvents } from './follow-events.ts';
import { segment } from './paths.ts';
import { patient } from './patient.ts';

/** Stays with a build to its end, and shows what it reports. @throws AppError what made it fail. */
export async function followBuild(
  { api, emit, signal }: Connection,
  { id, isOurs }: { id: string; isOurs: boolean },
): Promise<BuildRecord> {
  const path = `/builds/${segment(id)}`;
  const show = renumbered(emit);
  try {
    for await (const { type, data } of followEvents(api, `${path}/events`, signal))
      if (type === 'progress') show(data as ReportEvent);
  } catch (error) {
    // One that others asked for before goes on for them.
    if (signal.aborted && isOurs)
      await api.send({ method: 'POST', path: `${path}/cancel`, signal: patient() }).catch(() => undefined);
    throw error;
  }
  const build = await api.json<BuildRecord>({ path });
  if (build.error !== null) throw recordedError(build.error);
  return build;
}

/** Steps have numbers of their own process there, which ours must not meet. */
function renumbered(emit: Emit): Emit {
  return (event) => emit('id' in event ? { ...event, id: -1 - event.id } : event);
}
