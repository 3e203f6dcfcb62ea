import type { BuildStatistics, MovedBase } from '../../workspace/index.ts';
import type { App } from '../app.ts';

export interface Statistics {
  builds: BuildStatistics;
  /** Environments whose base image has moved since their image was made. */
  movedBases: MovedBase[];
}

/** Enough to be looked at; who has more begins with these. */
const mostMoved = 20;

/** What a team wants to know of its workspace at a glance. */
export async function showStatistics(app: App): Promise<Statistics> {
  const { builds, images } = await app.openWorkspace();
  return { builds: await builds.statistics(), movedBases: await images.movedBases(mostMoved) };
}
