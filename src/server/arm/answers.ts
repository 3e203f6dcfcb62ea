import type { RouteAnswer } from '../route.ts';

/** Their form is Azure's, not of our schemas. */
export const asAzure = { 200: { description: 'As Azure answers', contentType: 'application/json' } } satisfies Record<
  number,
  RouteAnswer
>;
