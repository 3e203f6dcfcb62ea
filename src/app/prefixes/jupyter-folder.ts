import { platform } from 'node:os';
import { join } from 'node:path';
import type { App } from '../app.ts';

/** Where Jupyter looks for a user's kernels. */
export function homeJupyterFolder({ env, home }: App): string {
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR;
  if (platform() === 'darwin') return join(home, 'Library', 'Jupyter');
  return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'jupyter');
}
