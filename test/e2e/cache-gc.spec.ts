import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findVersion } from '../../src/app/environments/find-version.ts';
import { findLooseCopies } from '../../src/app/images/base-image.ts';
import { neededContent } from '../../src/app/packages/needed-content.ts';
import { createRegistry, type Registry } from '../../src/registry/index.ts';
import { openWorkspace, type Workspace } from '../../src/workspace/index.ts';
import { debianLike, makeBase, writeBase } from '../kit/base-image.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

interface Garbage {
  registry: { removed: number; bytes: number; unlinked: number; uploads: number };
}

const rounds = 3;

let folder: string;
let index: PypiIndex;
let sandbox: Sandbox;
let registry: Registry;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-gc-'));
  const wheels = Array.from({ length: rounds }, (_, number) =>
    makeWheel({ name: `grape${number}`, version: '1.0', files: { 'grape/__init__.py': `n = ${number}\n` } }),
  );
  index = await startPypiIndex(wheels);
  sandbox = await createSandbox({ index: index.url });
  registry = createRegistry(join(sandbox.folder, '.terroir/registry'));
  await writeBase(join(folder, 'base'), [{ base: await makeBase({ layers: [debianLike] }) }]);
  await sandbox.json(['image', 'copy', `oci:${join(folder, 'base')}`, 'localhost/base:1']);
});
afterAll(async () => {
  await sandbox.remove();
  await index.close();
  await rm(folder, { recursive: true, force: true });
});

const collect = async (...args: string[]): Promise<Garbage> =>
  await sandbox.json<Garbage>(['cache', 'gc', '--older-than', '0', ...args]);

const withWorkspace = async <T>(work: (workspace: Workspace) => Promise<T>): Promise<T> => {
  const workspace = await openWorkspace(join(sandbox.folder, '.terroir'), { user: 'ada' });
  try {
    return await work(workspace);
  } finally {
    await workspace.close();
  }
};
const workspaceVersion = async (name: string) =>
  await withWorkspace(async (workspace) => await findVersion(workspace, name));

/** As if it were two days later: files cannot be given another change time. */
const twoDaysOn = { grace: -2 * 24 * 60 * 60_000 };

describe('cache gc', { timeout: 120_000 }, () => {
  it('loses nothing of what is named while builds and copies go on', async () => {
    const busy = (async () => {
      for (let round = 0; round < rounds; round += 1) {
        await sandbox.write(`r${round}.txt`, `grape${round}\n`);
        const create = ['env', 'create', '--name', `iris${round}`, '--image', 'localhost/base:1'];
        await sandbox.json([...create, '--requirements', `r${round}.txt`]);
        await sandbox.json(['env', 'build', `iris${round}`, '--output', `oci:${join(folder, `out${round}`)}`]);
        await sandbox.json(['image', 'copy', `oci:${join(folder, `out${round}`)}:1`, `localhost/copy${round}:1`]);
      }
    })();
    const over = new AbortController();
    const ended = busy.finally(() => {
      over.abort();
    });
    ended.catch(() => undefined);
    let collections = 0;
    while (!over.signal.aborted) {
      const { exitCode, stderr } = await sandbox.run(['cache', 'gc', '--older-than', '0']);
      expect(exitCode, stderr).toBe(0);
      collections += 1;
    }
    await ended;
    expect(collections).toBeGreaterThan(1);
    for (let round = 0; round < rounds; round += 1) {
      const checked = await sandbox.json(['image', 'validate', `localhost/copy${round}:1`]);
      expect(checked).toMatchObject({ valid: true });
      expect(await sandbox.json(['env', 'build', `iris${round}`])).toMatchObject({ source: 'workspace' });
    }
    expect(await sandbox.json(['cache', 'verify'])).toMatchObject({ damaged: [] });
  });

  it('takes uploads that stopped a day ago, and leaves younger ones', async () => {
    const { uploads } = registry.repository('ada/tools');
    const [old, young] = [await uploads.start(), await uploads.start()];
    const place = join(registry.root, 'repositories/ada/tools/_uploads');
    await writeFile(join(place, old), randomBytes(5000));
    const then = Date.now() / 1000 - 25 * 60 * 60;
    await utimes(join(place, old), then, then);
    expect(await collect('--dry-run')).toMatchObject({ registry: { uploads: 1 } });
    expect(await readdir(place)).toHaveLength(2);
    expect(await collect()).toMatchObject({ registry: { uploads: 1 } });
    expect(await readdir(place)).toEqual([young]);
  });

  it('names what the records need: a collection without any grace takes only what nothing names', async () => {
    const context = { Dockerfile: 'FROM localhost/base:1\nENV A=1\n', 'code/main.py': 'print(1)\n' };
    for (const [path, text] of Object.entries(context)) await sandbox.write(`context/${path}`, text);
    await sandbox.json(['env', 'create', '--name', 'made', '--build-context', 'context']);
    const loose = randomBytes(3000);
    const { digest } = await registry.repository('gone').addBlob(loose);
    expect(digest).toBe(`sha256:${createHash('sha256').update(loose).digest('hex')}`);
    const keep = await withWorkspace(neededContent);
    const impatient = createRegistry(registry.root, twoDaysOn);
    expect(await impatient.collectGarbage({ keep })).toMatchObject({ unlinked: 1 });
    expect(await registry.repository('gone').findBlob(digest)).toBeUndefined();
    const { files } = await workspaceVersion('made');
    const tree = files.find(({ kind }) => kind === 'tree');
    const list = await withWorkspace(async ({ blobs }) => await blobs.read(tree?.digest ?? ''));
    const members = [...list.toString().matchAll(/"digest":"([0-9a-f]{64})"/g)].map(([, member]) => member ?? '');
    expect(members).toHaveLength(2);
    for (const member of members)
      expect(await withWorkspace(async ({ blobs }) => await blobs.size(member))).toBeGreaterThan(0);
    for (let round = 0; round < rounds; round += 1) await sandbox.json(['env', 'show', `iris${round}`]);
    expect(await sandbox.json(['cache', 'verify'])).toMatchObject({ damaged: [] });
    expect(await sandbox.json(['image', 'validate', 'localhost/copy0:1'])).toMatchObject({ valid: true });
    expect(await sandbox.json(['env', 'build', 'iris0'])).toMatchObject({ source: 'workspace' });
  });

  it('takes copies of base images that no image was made on, and no others', async () => {
    const bases = registry.repository('terroir/bases');
    const [used = ''] = await bases.listTags();
    const copy = await bases.findManifest(used);
    if (copy === undefined) throw new Error('no copy of the base');
    const loose = `${'0'.repeat(32)}-linux-64`;
    await bases.putManifest({ bytes: await bases.readManifest(copy), tags: [loose] });
    expect(await bases.listTags()).toContain(loose);
    const needed = await withWorkspace(async (workspace) => ({
      keep: await neededContent(workspace),
      isLoose: await findLooseCopies(workspace),
    }));
    await registry.collectGarbage(needed);
    expect(await bases.listTags()).toContain(loose);
    await createRegistry(registry.root, twoDaysOn).collectGarbage(needed);
    expect(await bases.listTags()).toEqual([used]);
    await sandbox.json(['env', 'build', 'iris0', '--rebuild']);
  });

  it('is named by cache show with its bytes', async () => {
    const { registry: shown } = await sandbox.json<{ registry: { root: string; count: number; bytes: number } }>([
      'cache',
      'show',
    ]);
    expect(shown).toMatchObject({ root: registry.root });
    expect(shown.bytes).toBeGreaterThan(1000);
    expect((await sandbox.run(['cache', 'show'])).stdout).toContain(registry.root);
  });
});
