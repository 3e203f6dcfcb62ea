import { join } from 'node:path';
import { AppError } from '../errors/index.ts';
import { pathExists, readTextIfExists } from '../io/index.ts';
import { defaultSettings, type WorkspaceSettings } from '../schema/index.ts';
import type { App } from './app.ts';

/** It need not be there. */
export function settingsFile(app: Pick<App, 'workspaceFolder'>): string {
  return join(app.workspaceFolder, 'settings.yml');
}

/** @throws AppError INVALID_SETTINGS. */
export async function readSettings(app: Pick<App, 'workspaceFolder'>): Promise<WorkspaceSettings> {
  const path = settingsFile(app);
  const text = await readTextIfExists(path);
  if (text !== undefined) {
    const { parseSettings } = await import('./parse-settings.ts');
    return parseSettings({ path, text });
  }
  const misspelt = join(app.workspaceFolder, 'settings.yaml');
  if (await pathExists(misspelt)) {
    throw new AppError(
      'INVALID_SETTINGS',
      `\`${misspelt}\` is not read: the settings of a workspace are in \`settings.yml\``,
      {
        hint: `Rename it: \`mv ${misspelt} ${path}\`.`,
      },
    );
  }
  return defaultSettings;
}
