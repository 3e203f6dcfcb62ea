import { join, relative, resolve } from 'node:path';
import { AppError, isAppError } from '../../errors/index.ts';
import {
  createTemporaryFolder,
  ensureFolder,
  hashFile,
  isInside,
  listFolder,
  makeLink,
  now,
  pathExists,
  readTarFile,
  removeTree,
  renameOver,
  type TarMember,
  type TarOutput,
  writeContent,
  writeTarFile,
} from '../../io/index.ts';
import { step } from '../../report/index.ts';
import { openWorkspace, type Row, type Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { sharedRegistry } from '../images/shared-registry.ts';

/** What of a workspace's folder belongs to it besides the database; the rest is of this moment. */
const kept = ['settings.yml', 'secret.key', 'registry', 'runs', 'builds'] as const;
/** Of the registry, what nobody needs again. */
const passing = /^registry\/(?:damaged|locks)(?:\/|$)|\/_uploads(?:\/|$)/;

export interface BackupView {
  file: string;
  rows: number;
  files: number;
  createdAt: string;
}

const format = 1;
const first = 'backup.json';
const last = 'end.json';

/**
 * Copies the workspace into a file: the rows of its database as of one moment, then all files that they name. The workspace may be used meanwhile.
 * @throws AppError ALREADY_EXISTS.
 */
export async function backUp(app: App, path: string): Promise<BackupView> {
  const file = resolve(app.cwd, path);
  if (await pathExists(file))
    throw new AppError('ALREADY_EXISTS', `\`${file}\` exists already`, { hint: 'Name another file, or remove it.' });
  refuseSpread(app);
  const workspace = await app.openWorkspace();
  const view = { file, rows: 0, files: 0, createdAt: now() };
  await step(app.emit, 'Copying the workspace', async (current) => {
    await writeTarFile(file, async (output) => {
      await output.add(first, json({ format, version: app.version, createdAt: view.createdAt }));
      let part = 0;
      await workspace.rows.readAll(async (table, rows) => {
        app.signal.throwIfAborted();
        part += 1;
        view.rows += rows.length;
        const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
        await output.add(`tables/${String(part).padStart(6, '0')}-${table}.ndjson`, Buffer.from(lines));
      });
      for (const name of kept)
        if (await pathExists(join(workspace.folder, name)))
          await addTree(app, output, { workspace, path: name, onFile: () => current.progress((view.files += 1)) });
      await output.add(last, json({ rows: view.rows, files: view.files, digest: output.digest() }));
    });
  });
  return view;
}

/** Where no folder has all of it, the database and the registry are what there is to copy. */
function refuseSpread(app: App): void {
  const registry = sharedRegistry(app);
  if (registry === undefined) return;
  throw new AppError('UNSUPPORTED_FEATURE', `the contents of this workspace are in \`${registry}\`, not in a folder`, {
    hint: 'Copy the database (`pg_dump`) first and then the registry, each by its own means.',
  });
}

async function addTree(
  app: App,
  output: TarOutput,
  { workspace, path, onFile }: { workspace: Workspace; path: string; onFile: () => void },
): Promise<void> {
  app.signal.throwIfAborted();
  if (passing.test(path)) return;
  const absolute = join(workspace.folder, path);
  const kind = await output.addPath(path, absolute);
  // Garbage collection may have taken it, or an upload ended.
  if (kind === undefined) return;
  onFile();
  if (kind !== 'folder') return;
  for (const entry of await listFolder(absolute))
    await addTree(app, output, { workspace, path: `${path}/${entry.name}`, onFile });
}

/**
 * Makes a workspace of a backup. It appears when all of the backup was read and found to be whole.
 * @throws AppError ALREADY_EXISTS for a folder with something in it; CORRUPT_ARCHIVE, DIGEST_MISMATCH; nothing is left then.
 */
export async function restore(app: App, path: string): Promise<BackupView & { folder: string }> {
  refuseSpread(app);
  const file = resolve(app.cwd, path);
  const folder = app.workspaceFolder;
  if ((await listFolder(folder)).length > 0)
    throw new AppError('ALREADY_EXISTS', `there is something in \`${folder}\` already`, {
      hint: 'Name a folder that is not there yet: `--workspace FOLDER`.',
    });
  await ensureFolder(join(folder, '..'));
  const temporary = await createTemporaryFolder(join(folder, '..'), '.terroir-restoring-');
  try {
    const view = await step(app.emit, 'Reading the backup', async () => await unpack(app, file, temporary));
    await removeTree(folder);
    if (!(await renameOver(temporary, folder)))
      throw new AppError('ALREADY_EXISTS', `somebody made \`${folder}\` meanwhile`);
    return { ...view, file, folder };
  } finally {
    await removeTree(temporary);
  }
}

async function unpack(app: App, file: string, folder: string): Promise<Omit<BackupView, 'file'>> {
  const { user, origin, signal, env } = app;
  const database = env.TERROIR_DATABASE || undefined;
  const workspace = await openWorkspace(folder, { create: true, user, origin, database }).catch((error: unknown) => {
    throw isAppError(error, 'WORKSPACE_UNUSABLE') && error.details?.isTaken === true ? isTaken(error) : error;
  });
  if (!(await workspace.rows.isEmpty())) {
    await workspace.close();
    throw isTaken();
  }
  const view = { rows: 0, files: 0, createdAt: '' };
  const links: TarMember[] = [];
  let isWhole = false;
  try {
    await readTarFile(file, async (member, content) => {
      signal.throwIfAborted();
      if (view.createdAt === '') view.createdAt = (await readFirst(member, content, file)).createdAt;
      else if (isWhole) throw notABackup(file, 'it goes on behind its end');
      else if (member.name === last) isWhole = await isEnd(member, content, view);
      else if (member.name.startsWith('tables/')) view.rows += await addRows(workspace, member, content);
      else {
        view.files += 1;
        if (member.kind === 'link') links.push(member);
        else await addFile(folder, member, content, file);
      }
    });
    if (!isWhole) throw notABackup(file, 'its end is missing');
    // Behind all files: none is written through one of them.
    for (const { name, target } of links) await makeLink(target, placeOf(folder, name, file));
    await workspace.audit.verify();
    return view;
  } catch (error) {
    // A folder goes as a whole; a database stays.
    if (database !== undefined) await workspace.rows.clear();
    throw error;
  } finally {
    await workspace.close();
  }
}

function isTaken(cause?: unknown): AppError {
  return new AppError('ALREADY_EXISTS', 'there is a workspace in the database already', {
    hint: 'Name an empty one in TERROIR_DATABASE.',
    cause,
  });
}

async function readFirst(
  { name }: TarMember,
  content: AsyncIterable<Buffer>,
  file: string,
): Promise<{ createdAt: string }> {
  const head = name === first ? parse(await textOf(content)) : undefined;
  if (head === undefined || typeof head.createdAt !== 'string') throw notABackup(file, 'it begins otherwise');
  if (head.format !== format) throw notABackup(file, 'it was written by a newer Terroir');
  return { createdAt: head.createdAt };
}

async function isEnd(
  { digestBefore }: TarMember,
  content: AsyncIterable<Buffer>,
  { rows, files }: { rows: number; files: number },
): Promise<boolean> {
  const end = parse(await textOf(content));
  if (end?.digest === digestBefore && end.rows === rows && end.files === files) return true;
  throw new AppError('DIGEST_MISMATCH', 'the backup was changed: its digest is not that of its content', {
    hint: 'Take another copy of it.',
  });
}

async function addRows(workspace: Workspace, { name }: TarMember, content: AsyncIterable<Buffer>): Promise<number> {
  const table = /^tables\/\d+-([a-z_]+)\.ndjson$/.exec(name)?.[1] ?? name;
  const rows = (await textOf(content))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
  await workspace.rows.add(table, rows);
  return rows.length;
}

async function addFile(
  folder: string,
  { name, kind, mode }: TarMember,
  content: AsyncIterable<Buffer>,
  file: string,
): Promise<void> {
  const path = placeOf(folder, name, file);
  if (kind === 'folder') return await ensureFolder(path);
  await writeContent(path, content, mode);
  const named = /^registry\/blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(name)?.[1];
  if (named !== undefined && (await hashFile(path)).sha256 !== named)
    throw new AppError('DIGEST_MISMATCH', `\`${name}\` of the backup is not what its name says`, {
      hint: 'It was damaged before it was backed up, or the backup was.',
    });
}

function placeOf(folder: string, name: string, file: string): string {
  const path = join(folder, name);
  const isOurs = kept.some((each) => name === each || name.startsWith(`${each}/`));
  if (isOurs && isInside(folder, path) && relative(folder, path) === name.replace(/\/$/, '')) return path;
  throw notABackup(file, `it has \`${name.slice(0, 100)}\``);
}

function notABackup(file: string, why: string): AppError {
  return new AppError('CORRUPT_ARCHIVE', `\`${file}\` is no whole backup: ${why}`, {
    hint: '`terroir backup FILE` writes one.',
  });
}

async function textOf(content: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
