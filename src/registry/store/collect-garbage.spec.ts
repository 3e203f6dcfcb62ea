import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SmallImage, sha256Of, smallImage } from '../../../test/kit/registry/image.ts';
import { createBlobStore } from '../../workspace/blobs.ts';
import { createLayout } from './layout.ts';
import { createRegistry, type Registry } from './registry.ts';
import { affirm, retire } from './retire.ts';

let folder: string;
let registry: Registry;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-garbage-'));
  // Everything is old at once.
  registry = createRegistry(folder, { grace: -1, uploadLifetime: 60_000 });
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const contentOf = async (): Promise<string[]> =>
  (await readdir(join(folder, 'blobs'), { recursive: true })).filter((name) => /[0-9a-f]{64}/.test(name)).sort();
const pathOf = (content: string | Uint8Array): string => {
  const hex = sha256Of(content).slice(7);
  return `sha256/${hex.slice(0, 2)}/${hex}`;
};
const push = async (name: string, image: SmallImage, reference?: string): Promise<void> => {
  const repository = registry.repository(name);
  for (const content of [image.config, ...image.layers]) await repository.addBlob(content);
  await repository.putManifest({ bytes: image.manifest, reference });
};
const image = smallImage(['one', 'two']);
const whole = [image.config, image.manifest, 'one', 'two'].map(pathOf).sort();

describe('what goes and what stays', () => {
  test('content that nothing names goes, content of manifests stays, tagged or not', async () => {
    await push('a', image);
    await registry.repository('a').addBlob(Buffer.from('loose'));
    expect(await registry.collectGarbage({ dryRun: true })).toEqual({ removed: 1, bytes: 5, unlinked: 1, uploads: 0 });
    expect(await contentOf()).toHaveLength(5);
    expect(await registry.collectGarbage()).toEqual({ removed: 1, bytes: 5, unlinked: 1, uploads: 0 });
    expect(await contentOf()).toEqual(whole);
    expect(await registry.repository('a').findBlob(sha256Of('loose'))).toBeUndefined();
  });

  test('what one repository has no manifest for stays for the other that has', async () => {
    await push('a', image, 'latest');
    await registry.repository('b/c').mountBlob(sha256Of('one'), 'a');
    expect(await registry.collectGarbage()).toMatchObject({ removed: 0, unlinked: 1 });
    expect(await contentOf()).toEqual(whole);
  });

  test('a manifest that was deleted takes its content along', async () => {
    await push('a', image, 'latest');
    await registry.repository('a').deleteManifest(image.digest);
    expect(await registry.collectGarbage()).toMatchObject({ removed: 4, unlinked: 3 });
    expect(await contentOf()).toEqual([]);
  });

  test('the images of an index stay, and content that may not be distributed does if it is here', async () => {
    const withForeign = smallImage(['foreign']);
    const document = JSON.parse(withForeign.manifest.toString()) as { layers: { mediaType: string }[] };
    const [layer] = document.layers;
    if (layer !== undefined) layer.mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
    await push('a', { ...withForeign, manifest: Buffer.from(JSON.stringify(document)) });
    expect(await registry.collectGarbage()).toMatchObject({ removed: 0, unlinked: 0 });
  });

  test('what the workspace keeps in the same tree stays, and is not seen in any repository', async () => {
    const blobs = createBlobStore(join(folder, 'blobs'));
    const { digest: kept } = await blobs.put('kept by a lock');
    const { digest: loose } = await blobs.put('loose');
    const keep = new Set([`sha256:${kept}`]);
    expect(await registry.collectGarbage({ keep })).toMatchObject({ removed: 1 });
    expect([await blobs.has(kept), await blobs.has(loose)]).toEqual([true, false]);
    expect(await registry.repository('a').findBlob(`sha256:${kept}`)).toBeUndefined();
  });

  test('nothing goes from a repository with a manifest that cannot be read: nobody knows what it named', async () => {
    await push('a', image);
    const file = join(folder, 'blobs', pathOf(image.manifest));
    await rm(file);
    await writeFile(file, '{}');
    expect(await registry.collectGarbage()).toMatchObject({ removed: 0, unlinked: 0 });
  });

  test('what came in lately stays', async () => {
    registry = createRegistry(folder, { grace: 60_000 });
    await registry.repository('a').addBlob(Buffer.from('loose'));
    expect(await registry.collectGarbage()).toMatchObject({ removed: 0, unlinked: 0 });
  });

  test('old uploads go, young ones stay; so do what killed processes left', async () => {
    const { uploads } = registry.repository('a');
    const [old, young] = [await uploads.start(), await uploads.start()];
    const hourAgo = Date.now() / 1000 - 3600;
    await utimes(createLayout(folder).upload('a', old), hourAgo, hourAgo);
    await mkdir(join(folder, 'blobs/sha256/ab'), { recursive: true });
    await writeFile(join(folder, 'blobs/sha256/ab', `${'ab'.repeat(32)}.123.0a1b2c3d.tmp`), 'half');
    expect(await registry.collectGarbage()).toMatchObject({ uploads: 1 });
    expect(await readdir(join(folder, 'repositories/a/_uploads'))).toEqual([young]);
    expect(await readdir(join(folder, 'blobs/sha256/ab'))).toEqual([]);
  });

  test('only one at a time', async () => {
    await push('a', image);
    const both = await Promise.allSettled([registry.collectGarbage(), registry.collectGarbage()]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'BUSY' } });
  });
});

describe('a file that goes while somebody asks for it', () => {
  const grace = 1000;
  const long = Date.now() / 1000 - 3600;
  let file: string;
  beforeEach(async () => {
    file = join(folder, 'file');
    await writeFile(file, 'x');
    await utimes(file, long, long);
  });

  test('goes if nobody does', async () => {
    expect(await retire(file, Date.now() + 1)).toBe(1);
    expect(await affirm(file, { grace })).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  test('stays if somebody did', async () => {
    expect(await affirm(file, { grace: -1 })).toBe(true);
    expect(await retire(file, Date.now() - 500)).toBeUndefined();
    expect(await readFile(file, 'utf8')).toBe('x');
  });

  test('comes back from where it is put aside, also when its remover was killed', async () => {
    await rename(file, `${file}.tmp`);
    expect(await affirm(file, { grace })).toBe(true);
    expect(await readdir(folder)).toEqual(['file']);
    expect(await retire(file, Date.now() - 500)).toBeUndefined();
  });

  test('is there in the end for everybody who was told so, whatever the order', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 400; round += 1) {
      await writeFile(file, 'x');
      await utimes(file, long, long);
      // What happens from now on is younger than the change of the times.
      await new Promise((resolve) => setTimeout(resolve, 3));
      const before = Date.now() - 1;
      const asked = Array.from({ length: 3 }, async (_, index) => {
        await turns((round % 8) * index);
        return await affirm(file, { grace: -1 });
      });
      await turns(round % 5);
      const [removed, ...told] = await Promise.all([retire(file, before), ...asked]);
      const outcome = `${removed === undefined ? 'stays' : 'goes'}, ${told.filter(Boolean).length} told`;
      outcomes.add(outcome);
      expect(await readdir(folder), `round ${round}: ${outcome}`).toEqual(told.includes(true) ? ['file'] : []);
    }
    expect(outcomes.size).toBeGreaterThan(1);
  });
});

/** Lets others go first, a little each time. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('while others push to the same folder, nothing goes that they were told is there', async () => {
  const grace = 200;
  const duration = 6000;
  const children = [1, 2, 3].map(async (seed) => {
    const program = join(import.meta.dirname, '../../../test/kit/registry/race-child.ts');
    const child = spawn(process.execPath, [program, folder, String(grace), String(duration), String(seed)]);
    const printed: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => printed.push(piece));
    child.stderr.on('data', (piece: Buffer) => printed.push(piece));
    await new Promise((resolve) => child.on('close', resolve));
    return JSON.parse(Buffer.concat(printed).toString()) as Race;
  });
  registry = createRegistry(folder, { grace });
  const over = new AbortController();
  const all = Promise.all(children).finally(() => over.abort());
  let removed = 0;
  while (!over.signal.aborted) {
    removed += (await registry.collectGarbage()).removed;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const results = await all;
  expect(results.flatMap(({ broken }) => broken)).toEqual([]);
  for (const { pushes, reused } of results) expect(Math.min(pushes, reused)).toBeGreaterThan(10);
  expect(removed).toBeGreaterThan(10);
});

interface Race {
  pushes: number;
  reused: number;
  broken: string[];
}
