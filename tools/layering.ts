/** Holds the table of folders in docs/ARCHITECTURE.md: who may import whom, and only through a folder's `index.ts`. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');

/** A folder of `src`, and what it may import besides `errors` and `schema`. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  schema: [],
  io: [],
  report: ['io'],
  bzip2: [],
  documents: [],
  requirements: [],
  definition: ['documents', 'requirements'],
  jobs: ['documents'],
  channels: ['io', 'report', 'bzip2', 'requirements', 'resolve'],
  resolve: ['report', 'requirements'],
  store: ['io', 'report', 'bzip2'],
  plan: ['store', 'io', 'requirements'],
  prefix: ['plan', 'store', 'io', 'report'],
  image: ['plan', 'store', 'io', 'report'],
  engines: ['io', 'report'],
  registry: ['image', 'io', 'report'],
  snapshots: ['io'],
  targets: ['engines', 'io', 'report', 'snapshots', 'documents'],
  workspace: ['io'],
  capture: ['io', 'requirements'],
  app: [
    'report',
    'io',
    'documents',
    'requirements',
    'definition',
    'jobs',
    'channels',
    'resolve',
    'store',
    'plan',
    'prefix',
    'image',
    'engines',
    'registry',
    'snapshots',
    'targets',
    'workspace',
    'capture',
  ],
  server: ['app', 'report', 'io', 'registry', 'workspace'],
  client: ['app', 'report', 'io', 'definition'],
  cli: ['app', 'client', 'server', 'report', 'documents', 'io'],
  sdk: ['app', 'client', 'report', 'io'],
};
/** Folders in folders that have a public surface of their own. */
const innerSurfaces = new Set([
  'channels/conda',
  'channels/pypi',
  'definition/checks',
  'io/http',
  'plan/rewriting',
  'report/render',
  'schema/rest',
  'targets/conda',
  'targets/docker',
  'targets/local',
]);
/** Everybody may import these. */
const foundations = new Set(['errors', 'schema']);

/** What the studio may import of `src`: what a browser can run. */
const forWeb = new Set(['errors', 'schema', 'report', 'documents', 'requirements', 'definition']);

const problems: string[] = [];
for (const file of globSync('src/**/*.ts', { cwd: root })) {
  if (file.endsWith('.spec.ts')) continue;
  for (const specifier of importsOf(readFileSync(join(root, file), 'utf8'))) checkImport(file, specifier);
}
for (const file of globSync('web/**/*.{ts,tsx}', { cwd: root })) {
  if (file.endsWith('.spec.ts')) continue;
  const text = readFileSync(join(root, file), 'utf8');
  for (const specifier of importsOf(text)) checkWebImport(file, specifier);
  if (/\bfrom '(?:node:|undici|fastify)/.test(text)) problems.push(`${file}: the browser has no module of Node`);
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom\s+|\bimport\(\s*|\bimport\s+)'(\.[^']+)'/g)].map((match) => match[1] ?? '');
}

function checkImport(file: string, specifier: string): void {
  const target = relative(join(root, 'src'), resolve(root, dirname(file), specifier));
  const from = folderOf(relative('src', file));
  const to = folderOf(target);
  if (from === to || from === '' || target.startsWith('..')) {
    if (target.startsWith('..') && from !== '') problems.push(`${file}: imports ${specifier}, outside of src`);
    return;
  }
  if (!foundations.has(to) && mayImport[from]?.includes(to) !== true) {
    problems.push(`${file}: ${from} may not import ${to} (docs/ARCHITECTURE.md has the table)`);
  }
  const surface = dirname(target);
  if (!target.endsWith('/index.ts') || !(surface === to || innerSurfaces.has(surface))) {
    problems.push(`${file}: imports ${specifier}; only a folder's index.ts is its surface`);
  }
}

function checkWebImport(file: string, specifier: string): void {
  const target = relative(root, resolve(root, dirname(file), specifier));
  if (target.startsWith('web/')) return;
  const path = relative('src', target);
  const surface = dirname(path);
  if (path.startsWith('..') || !forWeb.has(folderOf(path)))
    problems.push(`${file}: web may not import ${specifier} (docs/ARCHITECTURE.md has the table)`);
  else if (!path.endsWith('/index.ts') || !(surface === folderOf(path) || innerSurfaces.has(surface)))
    problems.push(`${file}: imports ${specifier}; only a folder's index.ts is its surface`);
}

function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : '';
}
