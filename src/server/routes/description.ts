import { describeApi, type OpenApi } from '../describe-api.ts';
import { type DocsPage, docsPage } from '../docs-page.ts';
import { type Route, route } from '../route.ts';

/** The API about itself. */
export function describeRoutes(routes: readonly Route[], version: string): Route[] {
  let api: OpenApi | undefined;
  let page: DocsPage | undefined;
  const describe = (): OpenApi => (api ??= describeApi('/api/v1', routes, version));
  return [
    route({
      method: 'GET',
      path: '/openapi.json',
      role: 'anyone',
      id: 'describe',
      tag: 'server',
      summary: 'The description of the API (OpenAPI 3.1)',
      answers: { 200: { description: 'The description', contentType: 'application/json' } },
      handle: async () => ({ headers: { 'cache-control': 'no-cache' }, body: describe() }),
    }),
    route({
      method: 'GET',
      path: '/docs',
      role: 'anyone',
      id: 'docs',
      tag: 'server',
      summary: 'The description as a page',
      answers: { 200: { description: 'The page', contentType: 'text/html' } },
      handle: async () => {
        page ??= docsPage(describe());
        return {
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': page.contentSecurityPolicy,
          },
          body: page.html,
        };
      },
    }),
  ];
}
