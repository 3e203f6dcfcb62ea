import { isAbsolute, join, resolve } from 'node:path';
import { checkTags } from '../../definition/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import { isInside, listFolder, now, pathExists } from '../../io/index.ts';
import { canonicalJson, type ModelRecord, type RunRecord, terminalStatuses } from '../../schema/index.ts';
import { hashTree, snapshotManifest } from '../../snapshots/index.ts';
import type { NamedModel, Page, PageRequest, TimedRequest, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { bringOutputs, onlyThere } from './kept-outputs.ts';

export interface ModelRequest {
  run?: string;
  name?: string;
  path?: string;
  version?: string;
  description?: string;
  tags?: Record<string, string>;
}

/** Keeps an output of a run as a version of a model. */
export async function registerModel(app: App, request: ModelRequest): Promise<ModelRecord> {
  return (await registerModelOnce(app, request)).model;
}

export interface RegisteredModel {
  model: ModelRecord;
  /** False for one that was there. */
  isNew: boolean;
}

/** With a version, the same again is the model that is there. @throws AppError MODEL_EXISTS if that is another one. */
export async function registerModelOnce(app: App, request: ModelRequest): Promise<RegisteredModel> {
  const there = await findSame(app, request);
  if (there !== undefined) return { model: there, isNew: false };
  try {
    return { model: await register(app, request), isNew: true };
  } catch (error) {
    const meanwhile = isAppError(error, 'MODEL_EXISTS') ? await findSame(app, request) : undefined;
    if (meanwhile === undefined) throw error;
    return { model: meanwhile, isNew: false };
  }
}

async function findSame(app: App, request: ModelRequest): Promise<ModelRecord | undefined> {
  const { run, name, path, version, description = null, tags = {} } = request;
  if (version === undefined || name === undefined) return undefined;
  try {
    const model = await (await app.openWorkspace()).models.get(name, version);
    const there = { run: model.runId, path: model.path, description: model.description, tags: model.tags };
    return canonicalJson(there) === canonicalJson({ run, path, description, tags }) ? model : undefined;
  } catch (error) {
    if (isAppError(error, 'MODEL_NOT_FOUND')) return undefined;
    throw error;
  }
}

async function register(app: App, request: ModelRequest): Promise<ModelRecord> {
  const { run: id, name, path } = requireParts(request);
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(name))
    throw new AppError('INVALID_NAME', `\`${name}\` is no name for a model`, {
      hint: 'Letters, digits, `-`, `_` and `.`.',
    });
  if (request.tags !== undefined) checkTags(request.tags);
  const workspace = await app.openWorkspace();
  const run = await workspace.runs.get(id);
  if (!terminalStatuses.has(run.status))
    throw new AppError('BUSY', `the run ${run.id} has not ended yet (${run.status})`, {
      hint: 'Wait for it: `terroir runs logs --follow`.',
    });
  const file = await findOutput(workspace, run, path);
  const { kind, digest, size, files, entries } = await hashTree(file, { keep: workspace.blobs, signal: app.signal });
  if (kind === 'tree') await workspace.blobs.put(snapshotManifest(entries));
  return await workspace.models.register({
    name,
    version: request.version,
    runId: run.id,
    path,
    digest,
    size,
    files,
    description: request.description ?? null,
    tags: request.tags ?? {},
    createdAt: now(),
    createdBy: app.user,
  });
}

/** @throws AppError USAGE. */
export function requireParts(request: ModelRequest): ModelRequest & { run: string; name: string; path: string } {
  const { run, name, path } = request;
  if (run !== undefined && name !== undefined && path !== undefined) return { ...request, run, name, path };
  const missing = (['run', 'name', 'path'] as const)
    .filter((key) => request[key] === undefined)
    .map((key) => `--${key}`);
  throw new AppError(
    'USAGE',
    `${missing.join(', ').replace(/, (?=[^,]*$)/, ' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`,
    {
      hint: '`terroir model register --run RUN --name NAME --path outputs/model`',
    },
  );
}

/** In the run's folder; where the job asked for another place, there; for a run in place, in the folder that it ran in. */
async function findOutput(workspace: Workspace, run: RunRecord, path: string): Promise<string> {
  const folder = workspace.runFolder(run.id);
  await bringOutputs(workspace, run);
  const named = /^outputs\/([^/]+)(\/.*)?$/.exec(path);
  const placed = named === null ? undefined : run.outputs[named[1] ?? '']?.path;
  const candidates = [
    ...(placed !== undefined && isAbsolute(placed) ? [join(placed, named?.[2] ?? '')] : []),
    resolve(folder, path),
    ...(run.workingFolder === null ? [] : [resolve(run.workingFolder, path)]),
  ];
  const allowed = [
    folder,
    ...(run.workingFolder === null ? [] : [run.workingFolder]),
    ...Object.values(run.outputs)
      .map((output) => output.path)
      .filter(isAbsolute),
  ];
  for (const candidate of candidates) {
    if (allowed.some((root) => isInside(root, candidate)) && (await pathExists(candidate))) return candidate;
  }
  const there = (await listFolder(join(folder, 'outputs'))).map((entry) => `\`outputs/${entry.name}\``);
  throw new AppError('FILE_NOT_FOUND', `the run ${run.id} has no \`${path}\``, {
    hint:
      run.notes.find((note) => note.startsWith(onlyThere)) ??
      (there.length === 0 ? 'It has no outputs.' : `It has ${there.join(', ')}.`),
  });
}

/** `run`: only what that run made. */
export async function listModels(
  app: App,
  { run, ...request }: TimedRequest & { name?: string; run?: string },
): Promise<Page<ModelRecord>> {
  const { models } = await app.openWorkspace();
  return await models.list({ ...request, runId: run });
}

/** By name, each with the version that was registered last. */
export async function listModelNames(app: App, request: PageRequest & { name?: string }): Promise<Page<NamedModel>> {
  const { models } = await app.openWorkspace();
  return await models.listNames(request);
}

export interface ShownModel {
  model: ModelRecord;
  /** What trained it. */
  run: RunRecord;
  /** Where its files are; undefined where that is another machine. */
  folder?: string;
}

/** A model by `name` or `name:version`, with the run and environment that trained it. */
export async function showModel(app: App, reference: string | { name: string; version?: string }): Promise<ShownModel> {
  const workspace = await app.openWorkspace();
  const { name, version } = typeof reference === 'string' ? readReference(reference) : reference;
  const model = await workspace.models.get(name, version);
  const run = await workspace.runs.get(model.runId);
  const folder = join(workspace.runFolder(run.id), model.path);
  return { model, run, folder: (await pathExists(folder)) ? folder : undefined };
}

function readReference(text: string): { name: string; version?: string } {
  const colon = text.indexOf(':');
  return colon === -1 ? { name: text } : { name: text.slice(0, colon), version: text.slice(colon + 1) };
}
