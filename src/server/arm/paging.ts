import type { Call } from '../route.ts';
import type { ArmQuery } from './requests.ts';

const archivedFilters = { ActiveOnly: 'active', ArchivedOnly: 'archived', All: 'all' } as const;

export interface ArmPage {
  limit: number;
  cursor: string | undefined;
  archived: (typeof archivedFilters)[keyof typeof archivedFilters];
}

export function pageRequest(query: ArmQuery): ArmPage {
  return {
    limit: Math.min(query.$top ?? 100, 1000),
    cursor: query.$skip ?? query.$skipToken,
    archived: archivedFilters[query.listViewType ?? 'ActiveOnly'],
  };
}

/** The address of the next page: the one that was asked, going on from there. */
export function nextLink(request: Call['request'], next: string | null): string | null {
  if (next === null) return null;
  const url = new URL(request.url, origin(request));
  url.searchParams.delete('$skipToken');
  url.searchParams.set('$skip', next);
  return url.href;
}

/** The address of this server, as the caller has it. */
export function origin({ protocol, host }: Call['request']): string {
  return `${protocol}://${host}`;
}
