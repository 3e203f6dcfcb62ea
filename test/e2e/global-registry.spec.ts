import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImageView } from '../../src/app/index.ts';
import { definitionDigest, fingerprint, readDefinition } from '../../src/definition/index.ts';
import { canonicalJson, sha256 } from '../../src/schema/index.ts';
import { memoryFiles } from '../kit/memory-files.ts';
import { pushBase, pushBases } from '../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const grape = (version: string) =>
  makeWheel({ name: 'grape', version, files: { 'grape/__init__.py': `version = "${version}"\n` } });

let folder: string;
let far: RegistryProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-global-'));
  far = await startDockerRegistry({ root: join(folder, 'registry') });
});
afterAll(async () => {
  await far.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the global registry', { timeout: 120_000 }, () => {
  let index: PypiIndex;
  let publisher: Sandbox;
  let user: Sandbox;
  let base: string;
  let count = 0;
  beforeEach(async () => {
    count += 1;
    base = `${far.host}/base-${count}:1`;
    await pushBase(base);
    index = await startPypiIndex([grape('1.0')]);
    publisher = await createSandbox({ index: index.url });
    user = await createSandbox({ index: index.url, env: { TERROIR_GLOBAL_REGISTRY: `${far.host}/curated` } });
    await user.write('mine.yml', definition('mine'));
  });
  afterEach(async () => {
    await Promise.all([publisher.remove(), user.remove(), index.close()]);
  });

  const definition = (name: string): string =>
    `name: ${name}\nimage: ${base}\npython: {version: "3.11"}\nrequirements: [grape]\n`;
  /** Since somebody asked the registry what a tag means: within a minute nobody asks again. */
  const letAMinutePass = (sandbox: Sandbox): void => {
    const database = new DatabaseSync(join(sandbox.folder, '.terroir', 'workspace.db'));
    database.exec("update base_references set checked_at = '2020-01-01T00:00:00.000Z'");
    database.close();
  };
  const publish = async (...more: string[]): Promise<ImageView> => {
    await publisher.write('iris.yml', definition('iris'));
    return await publisher.json<ImageView>(['env', 'build', 'iris.yml', '--push', `${far.host}/curated/`, ...more]);
  };
  const use = async (env: Record<string, string> = {}): Promise<ImageView> =>
    await user.json<ImageView>(['env', 'build', 'mine.yml'], { env });

  it('gives image and lock to a workspace that does not know the fingerprint, under any name', async () => {
    const published = await publish();
    index.publish(grape('1.1'));
    const taken = await use();
    expect(taken).toMatchObject({ digest: published.digest, lockDigest: published.lockDigest, source: 'global' });
    expect(taken.layers).toEqual(published.layers);
    expect(await use()).toMatchObject({ digest: published.digest, source: 'workspace' });
    expect(await user.json(['env', 'image', 'mine'])).toMatchObject({ source: 'global' });
    const lock = await user.json<{ lock: { packages: { version: string }[] } }>(['env', 'lock', 'mine']);
    expect(lock.lock.packages.map(({ version }) => version)).toEqual(['1.0']);
  });

  it('gives the platforms that are asked for, another one later, and then both under one digest', async () => {
    await pushBases(base, { arm64: [{ name: 'etc/arm', content: 'arm\n' }] });
    await publisher.write('iris.yml', definition('iris'));
    const both = ['--platform', 'linux-64', '--platform', 'linux-aarch64'];
    const push = ['env', 'build', 'iris.yml', '--push', `${far.host}/curated/`];
    const { items: published } = await publisher.json<{ items: [ImageView, ImageView] }>([...push, ...both]);
    const [amd, arm] = published;
    index.publish(grape('1.1'));
    const taken = await use();
    expect(taken).toMatchObject({ platform: 'linux-64', digest: amd.digest, lockDigest: amd.lockDigest });
    expect(taken).toMatchObject({ source: 'global', revision: 1 });
    expect(taken.indexDigest).toBeUndefined();
    // Nothing of the other one is here.
    const own = arm.layers.filter(({ digest }) => amd.layers.every((layer) => layer.digest !== digest));
    expect(own).not.toEqual([]);
    const place = (digest: string): string =>
      join(user.folder, '.terroir/registry/blobs/sha256', digest.slice(7, 9), digest.slice(7));
    expect(existsSync(place(amd.layers[0]?.digest ?? ''))).toBe(true);
    for (const { digest } of own) expect(existsSync(place(digest))).toBe(false);
    expect(await use()).toMatchObject({ revision: 1, source: 'workspace' });
    const words = ['env', 'build', 'mine.yml'];
    const later = await user.json<ImageView>([...words, '--platform', 'linux-aarch64']);
    expect(later).toMatchObject({ digest: arm.digest, lockDigest: arm.lockDigest, source: 'global', revision: 2 });
    const whole = await user.json<{ items: ImageView[] }>([...words, ...both]);
    const { indexDigest } = amd;
    expect(indexDigest).toBeDefined();
    expect(whole.items).toMatchObject([
      { digest: amd.digest, indexDigest, source: 'global', revision: 3 },
      { digest: arm.digest, indexDigest, source: 'global', revision: 3 },
    ]);
    for (const platform of ['linux-64', 'linux-aarch64'])
      expect(await user.json([...words, '--platform', platform])).toMatchObject({ source: 'workspace', revision: 3 });
  });

  it('gives nothing that has another lock to who has one', async () => {
    await user.json(['env', 'lock', 'mine.yml']);
    index.publish(grape('1.1'));
    const published = await publish();
    const built = await use();
    expect(built.source).toBe('built');
    expect(built.lockDigest).not.toBe(published.lockDigest);
    // The same lock, made by each alone: then the image is the same, and taken.
    const env = { TERROIR_GLOBAL_REGISTRY: `${far.host}/curated` };
    const other = await createSandbox({ index: index.url, env });
    await other.write('mine.yml', definition('mine'));
    await other.json(['env', 'lock', 'mine.yml', '--workspace', 'w2']);
    const same = await other.json<ImageView>(['env', 'build', 'mine.yml', '--workspace', 'w2']);
    expect(same).toMatchObject({ digest: published.digest, source: 'global' });
    await other.remove();
  });

  it('is not needed: away, empty, without a record, broken', async () => {
    expect((await use({ TERROIR_GLOBAL_REGISTRY: '127.0.0.1:1' })).source).toBe('built');
    await user.write('other.yml', definition('other').replace('[grape]', '[grape>=1]'));
    const empty = await user.run(['env', 'build', 'other.yml', '--json']);
    expect(JSON.parse(empty.stdout)).toMatchObject({ source: 'built' });
    expect(empty.stderr).not.toMatch(/warning/);
    expect(
      await user.run(['env', 'build', 'mine.yml', '--rebuild'], { env: { TERROIR_GLOBAL_REGISTRY: 'a b' } }),
    ).toMatchObject({ exitCode: 0 });
    const nonsense = await user.run(['env', 'build', 'other.yml', '--workspace', 'w3'], {
      env: { TERROIR_GLOBAL_REGISTRY: 'a b' },
    });
    expect(nonsense).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/`a b`, which is no registry/) });
  });

  it('is named in the settings of the workspace', async () => {
    const published = await publish();
    await user.write('.terroir/settings.yml', `global_registry: ${far.host}/curated\n`);
    expect(await use({ TERROIR_GLOBAL_REGISTRY: '' })).toMatchObject({ digest: published.digest, source: 'global' });
    await user.write('.terroir/settings.yml', 'global_registry: "not a registry"\n');
    const refused = await user.run(['env', 'build', 'mine.yml', '--rebuild'], { env: { TERROIR_GLOBAL_REGISTRY: '' } });
    expect(refused.exitCode).toBe(0);
  });

  it('gets the catalogue by one command, twice', async () => {
    const catalog = await writeCatalog(publisher);
    const env = { TERROIR_CATALOG: catalog };
    const to = ['catalog', 'publish', `${far.host}/catalog-${count}`];
    const first = await publisher.json<{ items: unknown[] }>(to, { env });
    expect(first.items).toMatchObject([
      { name: 'Terroir-grape', version: '1', platforms: ['linux-64'], outcome: 'published' },
    ]);
    expect(await publisher.json(to, { env })).toMatchObject({ items: [{ outcome: 'present' }] });
    index.publish(grape('1.1'));
    const taken = await user.json<ImageView>(['env', 'build', 'Terroir-grape'], {
      env: { TERROIR_CATALOG: catalog, TERROIR_GLOBAL_REGISTRY: `${far.host}/catalog-${count}` },
    });
    expect(taken).toMatchObject({ digest: (first.items[0] as { digest: string }).digest, source: 'global' });
    await publisher.write('iris.yml', definition('iris'));
    await publisher.json(['env', 'create', 'iris.yml'], { env });
    expect(await publisher.run([...to, '--only', 'iris'], { env })).toMatchObject({ exitCode: 2 });
    expect(await publisher.run([...to, '--only', 'Terroir-grap'], { env })).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/Did you mean `Terroir-grape`/),
    });
  });

  it('gets the catalogue again when a base moved, also where the image stays the same', async () => {
    await pushBases(base);
    const catalog = await writeCatalog(publisher);
    const env = { TERROIR_CATALOG: catalog };
    const to = ['catalog', 'publish', `${far.host}/moved-${count}`];
    const first = await publisher.json<{ items: { digest: string }[] }>(to, { env });
    await pushBases(base, { arm64: [{ name: 'etc/motd', content: 'news\n' }] });
    letAMinutePass(publisher);
    const { digest } = first.items[0] as { digest: string };
    expect(await publisher.json(to, { env })).toMatchObject({ items: [{ outcome: 'published', digest }] });
    expect(await publisher.json(to, { env })).toMatchObject({ items: [{ outcome: 'present', digest }] });
    // Whoever sees the base as it is now takes the image.
    await user.json(['env', 'lock', 'Terroir-grape'], { env });
    const taken = await user.json<ImageView>(['env', 'build', 'Terroir-grape'], {
      env: { TERROIR_CATALOG: catalog, TERROIR_GLOBAL_REGISTRY: `${far.host}/moved-${count}` },
    });
    expect(taken).toMatchObject({ digest, source: 'global' });
  });

  it('gets what the catalogue has no lock of with a lock of the publisher’s', async () => {
    const catalog = await writeCatalog(publisher);
    await rm(join(catalog, 'Terroir-grape', '1', 'linux-64.lock.json'));
    const words = ['catalog', 'publish', `${far.host}/unlocked-${count}`];
    expect(await publisher.json(words, { env: { TERROIR_CATALOG: catalog } })).toMatchObject({
      items: [{ name: 'Terroir-grape', platforms: ['linux-64'], outcome: 'published' }],
    });
  });

  async function writeCatalog(sandbox: Sandbox): Promise<string> {
    const text = definition('Terroir-grape').replace('name: Terroir-grape\n', '');
    await sandbox.write('plain.yml', text);
    const { lock } = await sandbox.json<{ lock: unknown }>(['env', 'lock', 'plain.yml', '--workspace', 'w9']);
    const { definition: read } = await readDefinition({ path: 'environment.yml', text }, memoryFiles({}));
    const version = {
      name: 'Terroir-grape',
      version: '1',
      description: 'A grape',
      tags: {},
      fingerprint: fingerprint(read),
      definitionDigest: definitionDigest(read),
      definition: read,
      sources: [{ path: 'environment.yml', text }],
    };
    await sandbox.write('catalog/Terroir-grape/1/linux-64.lock.json', JSON.stringify(lock));
    const digest = sha256(canonicalJson([version]));
    const file = await sandbox.write(
      'catalog/index.json',
      JSON.stringify({ digest, catalogVersion: 1, versions: [version] }),
    );
    return join(file, '..');
  }
});
