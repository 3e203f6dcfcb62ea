import { AppError } from '../../errors/index.ts';
import type { ServerContext } from '../call-context.ts';
import { type Answer, type Route, type RouteAnswer, route } from '../route.ts';
import { encodeFor, type StudioFile } from '../studio-files.ts';

/** The studio's addresses: each is the same page, which finds its own way. */
const pages = [
  '/',
  '/environments',
  '/environments/*',
  '/compare',
  '/create',
  '/builds',
  '/builds/*',
  '/runs',
  '/runs/*',
  '/models',
  '/models/*',
];

/** Its own files alone: no inline script or style, no other host, no frame. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The web page; without one, the front door leads to the docs. */
export function studioRoutes({ studio }: ServerContext): Route[] {
  if (studio === undefined) return [toDocs];
  const fileOf = async (name: string): Promise<StudioFile> => {
    const file = (await studio).get(name);
    if (file !== undefined) return file;
    throw new AppError('ROUTE_NOT_FOUND', `the studio has no file \`${name.slice(0, 100)}\``, {
      hint: 'Load the page again: the server may be another version by now.',
    });
  };
  const page = pages.map((path, index) =>
    route({
      method: 'GET',
      path,
      role: 'anyone',
      id: index === 0 ? 'open' : `open${path.replaceAll(/[^a-z]/g, '')}${path.endsWith('*') ? 'Page' : ''}`,
      tag: 'studio',
      summary: 'The studio',
      answers: html,
      handle: async ({ request }) =>
        answerOf(await fileOf('index.html'), request.headers['accept-encoding'], {
          'cache-control': 'no-cache',
          'content-security-policy': contentSecurityPolicy,
        }),
    }),
  );
  return [...page, assetRoute(fileOf)];
}

const html: Record<number, RouteAnswer> = { 200: { description: 'The page', contentType: 'text/html' } };

const toDocs = route({
  method: 'GET',
  path: '/',
  role: 'anyone',
  id: 'open',
  tag: 'server',
  summary: 'Go to the docs',
  answers: { 302: { description: 'To the docs' } },
  handle: async () => ({ status: 302, headers: { location: '/api/v1/docs' } }),
});

function assetRoute(fileOf: (name: string) => Promise<StudioFile>): Route {
  return route({
    method: 'GET',
    path: '/studio/:file',
    role: 'anyone',
    id: 'getStudioFile',
    tag: 'studio',
    summary: 'A script or style of the studio; its name changes with its content',
    answers: { 200: { description: 'The file' } },
    handle: async ({ params: { file = '' }, request }) =>
      answerOf(await fileOf(file), request.headers['accept-encoding'], {
        'cache-control': 'public, max-age=31536000, immutable',
      }),
  });
}

function answerOf(file: StudioFile, accepted: string | undefined, headers: Record<string, string>): Answer {
  const { body, coding } = encodeFor(file, accepted);
  return {
    headers: {
      'content-type': file.type,
      vary: 'accept-encoding',
      ...(coding === undefined ? {} : { 'content-encoding': coding }),
      ...headers,
    },
    body,
  };
}
