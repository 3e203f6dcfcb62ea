import { Readable } from 'node:stream';
import type { App } from '../../app/index.ts';
import { exportAudit, listAudit, verifyAudit } from '../../app/index.ts';
import * as rest from '../../schema/rest/index.ts';
import { type Route, route } from '../route.ts';
import { json, pageOf } from './parts.ts';

const tag = 'audit';

/** Who did what. */
export const auditRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/audit',
    role: 'admin',
    id: 'listAudit',
    tag,
    summary: 'List who did what',
    query: rest.AuditQuery,
    answers: { 200: json('A page of entries', rest.AuditPage) },
    handle: async ({ app, query: { user, action, subject, since, ...page } }) => ({
      body: await listAudit(app, { ...pageOf(page), user, action, subject, since }),
    }),
  }),
  route({
    method: 'GET',
    path: '/audit/verify',
    role: 'admin',
    id: 'verifyAudit',
    tag,
    summary: 'Check that no entry was changed, removed or inserted',
    query: rest.AuditVerifyQuery,
    answers: { 200: json('How many entries there are, and the last one’s hash', rest.AuditCheck) },
    handle: async ({ app, query: { expect } }) => ({ body: await verifyAudit(app, expect) }),
  }),
  route({
    method: 'GET',
    path: '/audit/export',
    role: 'admin',
    id: 'exportAudit',
    tag,
    summary: 'Every entry, oldest first, one JSON a line',
    query: rest.AuditExportQuery,
    answers: { 200: { description: 'The entries', contentType: 'application/x-ndjson' } },
    handle: async ({ app, query: { after } }) => ({
      headers: { 'content-type': 'application/x-ndjson' },
      body: Readable.from(lines(app, after)),
    }),
  }),
];

async function* lines(app: App, after: number | undefined): AsyncIterableIterator<string> {
  for await (const entry of exportAudit(app, after)) yield `${JSON.stringify(entry)}\n`;
}
