import { diagnose, listCompute, showCache, showStatistics } from '../../app/index.ts';
import * as rest from '../../schema/rest/index.ts';
import { type Route, route } from '../route.ts';
import { json } from './parts.ts';

/** The workspace as a whole, and the machine that the server is on. */
export const machineRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/compute',
    role: 'reader',
    id: 'listCompute',
    tag: 'server',
    summary: 'List where runs can happen: on the server’s machine, and on workers',
    answers: { 200: json('The targets', rest.ComputeList) },
    handle: async ({ app }) => ({ body: await listCompute(app) }),
  }),
  route({
    method: 'GET',
    path: '/statistics',
    role: 'reader',
    id: 'showStatistics',
    tag: 'server',
    summary: 'Show what builds came to, and which environments stand on a base image that has moved',
    answers: { 200: json('The figures', rest.Statistics) },
    handle: async ({ app }) => ({ body: await showStatistics(app) }),
  }),
  route({
    method: 'GET',
    path: '/doctor',
    role: 'admin',
    id: 'diagnose',
    tag: 'server',
    summary: 'Say what works on the server’s machine and what is missing',
    answers: { 200: json('The findings', rest.Diagnoses) },
    handle: async ({ app }) => ({ body: await diagnose(app) }),
  }),
  route({
    method: 'GET',
    path: '/cache',
    role: 'admin',
    id: 'showCache',
    tag: 'server',
    summary: 'Show what the server’s machine keeps',
    answers: { 200: json('Counts and bytes', rest.CacheSummary) },
    handle: async ({ app }) => ({ body: await showCache(app) }),
  }),
];
