import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withFileLock } from '../../src/io/index.ts';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terroir-test', 'go');
/** Go from here on fetches a newer Go by itself where a program needs one. */
const selfUpdating = 21;
const toolchain = 'go1.24.9';

/**
 * A program that is published as Go source: built once, into a folder that test runs share. Undefined where there is no Go. `program` is its import path;
 * its last component is its name.
 */
export async function goProgram(program: string, version: string): Promise<string | undefined> {
  const name = program.split('/').at(-1) ?? program;
  const file = join(cache, version, name);
  if (existsSync(file)) return file;
  const go = await findGo();
  if (go === undefined) return undefined;
  mkdirSync(cache, { recursive: true });
  await withFileLock(join(cache, 'lock'), async () => {
    if (existsSync(file)) return;
    const command = go.minor >= selfUpdating ? { path: go.path, env: {} } : await newerGo(go.path);
    const building = join(cache, `building-${process.pid}`);
    await run(command.path, ['install', `${program}@${version}`], { ...command.env, GOBIN: building });
    mkdirSync(join(cache, version), { recursive: true });
    renameSync(join(building, name), file);
    rmSync(building, { recursive: true, force: true });
  });
  return file;
}

async function findGo(): Promise<{ path: string; minor: number } | undefined> {
  for (const path of ['go', '/usr/local/go/bin/go']) {
    const said = await run(path, ['version'], {}).catch(() => '');
    const minor = /\bgo1\.(\d+)/.exec(said)?.[1];
    if (minor !== undefined) return { path, minor: Number(minor) };
  }
  return undefined;
}

/** The way that newer Gos go by themselves: a toolchain is a module like any other, but that modules hold neither modes nor other modules. */
async function newerGo(old: string): Promise<{ path: string; env: Record<string, string> }> {
  const root = join(cache, toolchain);
  if (!existsSync(root)) {
    const [os, arch] = (await run(old, ['env', 'GOOS', 'GOARCH'], {})).trim().split('\n');
    const said = await run(
      old,
      ['mod', 'download', '-json', `golang.org/toolchain@v0.0.1-${toolchain}.${os}-${arch}`],
      {
        GO111MODULE: 'on',
      },
    );
    const { Dir: folder } = JSON.parse(said) as { Dir: string };
    const copy = `${root}.${process.pid}`;
    cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('/test') });
    await run('chmod', ['-R', 'u+w', copy], {});
    for (const module of ['src', 'src/cmd']) {
      if (existsSync(join(copy, module, '_go.mod')))
        renameSync(join(copy, module, '_go.mod'), join(copy, module, 'go.mod'));
    }
    const tools = join(copy, 'pkg', 'tool');
    const folders = ['bin', ...readdirSync(tools).map((each) => join('pkg', 'tool', each))];
    for (const each of folders)
      for (const file of readdirSync(join(copy, each))) chmodSync(join(copy, each, file), 0o755);
    renameSync(copy, root);
  }
  return { path: join(root, 'bin', 'go'), env: { GOROOT: root, GOTOOLCHAIN: 'local' } };
}

async function run(command: string, args: readonly string[], env: Record<string, string>): Promise<string> {
  const child = spawn(command, args, {
    cwd: cache.startsWith('/') && existsSync(cache) ? cache : '/',
    env: { ...process.env, GOFLAGS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, complaints]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return Buffer.concat(printed).toString('utf8');
  throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${Buffer.concat(complaints).toString('utf8')}`);
}
