import { AppError } from '../../errors/index.ts';
import type { Workspace } from '../../workspace/index.ts';

/** How much may wait for workers. */
export interface Waiting {
  maximumWaiting: number;
}

/** @throws AppError TOO_MANY_REQUESTS if no more may wait. */
export async function refuseIfFull({ tasks }: Workspace, { maximumWaiting }: Waiting): Promise<void> {
  if (maximumWaiting === Number.POSITIVE_INFINITY) return;
  const { waiting } = await tasks.count();
  if (waiting < maximumWaiting) return;
  throw new AppError('TOO_MANY_REQUESTS', `${waiting} runs and builds wait for their turn already`, {
    hint: 'Come again when some have ended.',
  });
}
