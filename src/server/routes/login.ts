import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import { isSameSite } from '../authenticate.ts';
import type { ServerContext } from '../call-context.ts';
import { cookieNames, type Login, lifetimes } from '../login/login.ts';
import { writeCookie } from '../login/sealed-cookie.ts';
import { type Route, route } from '../route.ts';

const callback = '/auth/callback';
const tag = 'people';
const redirect = { 302: { description: 'Elsewhere' } };

/** Logging in with a browser; nothing without a provider. */
export function loginRoutes({ login, workspace }: Pick<ServerContext, 'login' | 'workspace'>): Route[] {
  if (login === undefined) return [];
  return [
    route({
      method: 'GET',
      path: '/auth/login',
      role: 'anyone',
      id: 'logIn',
      tag,
      summary: 'Go to the identity provider',
      query: z.object({ to: z.string().max(2000).optional() }),
      answers: redirect,
      handle: async ({ request, query: { to } }) => {
        const base = baseOf(login, request);
        const { url, cookie } = await login.begin(`${base}${callback}`, pathHere(to));
        const options = { path: '/auth', seconds: lifetimes.attempt, secure: base.startsWith('https:') };
        return {
          status: 302,
          headers: { location: url, 'set-cookie': writeCookie(cookieNames.attempt, cookie, options) },
        };
      },
    }),
    route({
      method: 'GET',
      path: callback,
      role: 'anyone',
      id: 'finishLogIn',
      tag,
      summary: 'Come back from the identity provider',
      answers: redirect,
      handle: async ({ request, reply }) => {
        const base = baseOf(login, request);
        const secure = base.startsWith('https:');
        reply.header('set-cookie', writeCookie(cookieNames.attempt, '', { path: '/auth', seconds: 0, secure }));
        const { session, cookie, to } = await login.finish(new URL(request.url, base), request.headers);
        const { user, role } = session;
        await workspace.audit.append({ user, origin: request.ip, action: 'login', subject: role, outcome: 'done' });
        reply.header(
          'set-cookie',
          writeCookie(cookieNames.session, cookie, { path: '/', seconds: lifetimes.session, secure }),
        );
        return { status: 302, headers: { location: to } };
      },
    }),
    route({
      method: 'POST',
      path: '/auth/logout',
      role: 'anyone',
      id: 'logOut',
      tag,
      summary: 'Forget who is there',
      answers: { 204: { description: 'Forgotten' } },
      handle: async ({ request }) => {
        if (!isSameSite(request.headers))
          throw new AppError('PERMISSION_DENIED', 'a page of another site may not log you out', {
            details: { login: '/auth/login' },
          });
        const secure = baseOf(login, request).startsWith('https:');
        const cookie = writeCookie(cookieNames.session, '', { path: '/', seconds: 0, secure });
        return { status: 204, headers: { 'set-cookie': cookie } };
      },
    }),
  ];
}

function baseOf({ settings: { publicUrl } }: Login, { protocol, host }: FastifyRequest): string {
  return publicUrl?.replace(/\/+$/, '') ?? `${protocol}://${host}`;
}

/** Only a path of this server: nobody is sent elsewhere with our name in front. */
function pathHere(to: string | undefined): string {
  return to !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/.test(to) ? to : '/';
}
