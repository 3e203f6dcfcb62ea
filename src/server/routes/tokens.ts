import { createToken, listTokens, revokeToken } from '../../app/index.ts';
import { TokenRecord } from '../../schema/index.ts';
import * as rest from '../../schema/rest/index.ts';
import { type Route, route } from '../route.ts';
import { json, pageOf } from './parts.ts';

const tag = 'people';

/** Who may do what. */
export const tokenRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/me',
    role: 'reader',
    id: 'whoAmI',
    tag,
    summary: 'Say who asks, and what they may do',
    answers: { 200: json('The caller', rest.Me) },
    handle: async ({ identity: { user, role, token, session = false } }) => ({ body: { user, role, token, session } }),
  }),
  route({
    method: 'GET',
    path: '/tokens',
    role: 'admin',
    id: 'listTokens',
    tag,
    summary: 'List tokens',
    query: rest.TokensQuery,
    answers: { 200: json('A page of tokens', rest.TokenPage) },
    handle: async ({ app, query: { user, ...page } }) => ({ body: await listTokens(app, { ...pageOf(page), user }) }),
  }),
  route({
    method: 'POST',
    path: '/tokens',
    role: 'admin',
    id: 'createToken',
    tag,
    summary: 'Make a token; its text is answered once',
    body: rest.CreateToken,
    answers: { 201: json('The token', rest.CreatedToken) },
    handle: async ({ app, body: { user, role, expires = '90d' } }) => {
      const { token, text } = await createToken(app, { user, role, expires });
      return { status: 201, body: { ...token, token: text } };
    },
  }),
  route({
    method: 'DELETE',
    path: '/tokens/:id',
    role: 'admin',
    id: 'revokeToken',
    tag,
    summary: 'Revoke a token: it does not hold any more',
    answers: { 200: json('The token', TokenRecord) },
    handle: async ({ app, params: { id = '' } }) => ({ body: await revokeToken(app, id) }),
  }),
];
