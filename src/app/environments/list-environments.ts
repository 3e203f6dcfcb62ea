import type { EnvironmentSummary, Page, PageRequest, TimedRequest } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { type VersionView, viewOf } from './views.ts';

type ArchivedFilter = 'active' | 'archived' | 'all';

export async function listEnvironments(
  app: App,
  request: PageRequest & {
    archived?: ArchivedFilter;
    category?: string;
    tags?: readonly string[];
    nameContains?: string;
    name?: string;
    sort?: 'name' | '-name' | 'created' | '-created';
  },
): Promise<Page<EnvironmentSummary>> {
  const workspace = await app.openWorkspace();
  return await workspace.environments.list(request);
}

export async function listVersions(
  app: App,
  name: string,
  request: TimedRequest & { archived?: ArchivedFilter; tags?: readonly string[] },
): Promise<Page<VersionView>> {
  const workspace = await app.openWorkspace();
  const page = await workspace.environments.listVersions(name, request);
  if (page.items.length === 0 && request.cursor === undefined) {
    const { findVersion } = await import('./find-version.ts');
    await findVersion(workspace, name);
  }
  return { items: page.items.map(viewOf), next: page.next };
}
