import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type RegistryProcess,
  startDockerRegistry,
  startOwnRegistry,
} from '../../test/kit/registry/docker-registry.ts';
import { describe as describeBlob, type SmallImage, sha256Of, smallImage } from '../../test/kit/registry/image.ts';
import { createHttp, type Http } from '../io/index.ts';
import { mediaTypes } from '../schema/index.ts';
import { createRegistryClient } from './client/client.ts';
import { createRemoteRegistry } from './remote/remote-registry.ts';
import { createRegistry, type Registry, type Repository } from './store/registry.ts';

interface Opened {
  registry: Registry;
  close: () => Promise<void>;
}

interface Place {
  open: (folder: string) => Promise<Opened>;
  /** Whether a tag can be deleted by its name; Debian's version of Docker's registry cannot. */
  deletesTags: boolean;
}

/** One that keeps all in a registry which is a process of its own. */
const behind =
  (start: (root: string) => Promise<RegistryProcess>, prefix: string) =>
  async (folder: string): Promise<Opened> => {
    const there = await start(join(folder, 'there'));
    const http: Http = createHttp({ env: {} });
    const client = createRegistryClient({
      http,
      findCredentials: async () => await Promise.resolve({ credentials: undefined }),
    });
    return {
      registry: createRemoteRegistry(client, { host: there.host, prefix, folder: join(folder, 'spool') }),
      close: async () => {
        await http.close();
        await there.stop();
      },
    };
  };

const places: [string, Place][] = [
  [
    'a folder',
    {
      open: async (folder) =>
        await Promise.resolve({
          registry: createRegistry(join(folder, 'here')),
          close: async () => await Promise.resolve(),
        }),
      deletesTags: true,
    },
  ],
  ['our registry elsewhere', { open: behind(startOwnRegistry, ''), deletesTags: true }],
  [
    'docker-registry',
    { open: behind(async (root) => await startDockerRegistry({ root }), 'team/one'), deletesTags: false },
  ],
];

const collect = async (pieces: AsyncIterable<Uint8Array> | undefined): Promise<Buffer | undefined> => {
  if (pieces === undefined) return undefined;
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
};
const stream = async function* (content: Uint8Array): AsyncIterableIterator<Uint8Array> {
  for (let at = 0; at < content.length; at += 50_000) yield await Promise.resolve(content.subarray(at, at + 50_000));
};
/** Large ones are not shown. */
const expectContent = async (repository: Repository, content: Buffer): Promise<void> => {
  const reading = await repository.readBlob(sha256Of(content));
  expect((await collect(reading?.pieces()))?.equals(content)).toBe(true);
};
const push = async (repository: Repository, image: SmallImage, reference?: string, tags?: readonly string[]) => {
  for (const content of [image.config, ...image.layers]) await repository.addBlob(content);
  return await repository.putManifest({ bytes: image.manifest, reference, tags });
};

describe.each(places)('%s', (_name, { open, deletesTags }) => {
  let folder: string;
  let opened: Opened;
  const at = (name: string): Repository => opened.registry.repository(name);
  const waiting = async (): Promise<string[]> => await readdir(join(folder, 'spool')).catch(() => []);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-registries-'));
    opened = await open(folder);
  });
  afterAll(async () => {
    await opened.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ['small', 10],
    ['empty', 0],
    ['of some megabytes', 3_000_000],
  ])('a blob that is %s comes in, and goes out whole or in part', async (_title, size) => {
    const content = randomBytes(size);
    const digest = sha256Of(content);
    const repository = at('ada/blobs');
    expect(await repository.findBlob(digest)).toBeUndefined();
    expect(await repository.readBlob(digest)).toBeUndefined();
    expect(await repository.addBlob(stream(content), digest)).toEqual({ digest, size });
    expect(await repository.findBlob(digest)).toEqual({ digest, size });
    await expectContent(repository, content);
    const got: Buffer[] = [];
    const target = new Writable({
      highWaterMark: 100,
      write: (piece: Buffer, _encoding, done) => {
        got.push(Buffer.from(piece));
        setTimeout(done, 1);
      },
    });
    await (await repository.readBlob(digest))?.sendTo(target);
    expect(target.writableEnded).toBe(false);
    await new Promise<void>((resolve) => target.end(resolve));
    expect(Buffer.concat(got).equals(content)).toBe(true);
    if (size === 0) return;
    for (const [start, end] of [
      [0, 0],
      [3, 7],
      [size - 4, size - 1],
      [0, size - 1],
    ] as const) {
      const stretch = await repository.readBlob(digest, { start, end });
      expect((await collect(stretch?.pieces()))?.equals(content.subarray(start, end + 1))).toBe(true);
    }
    expect(await waiting()).toEqual([]);
  });

  test('a blob is given its digest, and one that is another is not taken', async () => {
    const repository = at('ada/lies');
    const digest = sha256Of('something');
    expect(await repository.addBlob(stream(Buffer.from('something')))).toEqual({ digest, size: 9 });
    for (const content of [Buffer.from('other'), stream(Buffer.from('other'))])
      await expect(repository.addBlob(content, sha256Of('lie'))).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
        details: { oci: 'DIGEST_INVALID' },
      });
    expect(await repository.findBlob(sha256Of('lie'))).toBeUndefined();
    const broken = async function* () {
      yield await Promise.resolve(Buffer.from('begun'));
      throw new Error('the line broke');
    };
    await expect(repository.addBlob(broken())).rejects.toThrow('the line broke');
    expect(await waiting()).toEqual([]);
  });

  test('a file is taken in only if it is not there', async () => {
    const content = randomBytes(2_000_000);
    const file = join(folder, 'layer');
    await writeFile(file, content);
    const digest = sha256Of(content);
    let asked = 0;
    const give = async () => {
      asked += 1;
      return await Promise.resolve(file);
    };
    expect(await at('ada/files').linkBlob(async () => await Promise.resolve(undefined), digest)).toBe(false);
    expect(await at('ada/files').linkBlob(give, digest)).toBe(true);
    expect(await at('ada/files').linkBlob(give, digest)).toBe(true);
    expect(asked).toBe(1);
    await expectContent(at('ada/files'), content);
  });

  test('a blob of another repository is mounted', async () => {
    const { digest } = await at('ada/from').addBlob(Buffer.from('to be mounted'));
    const [into, other] = [at('ada/into'), at('ada/other')];
    expect(await into.mountBlob(digest, 'ada/nobody')).toBe(false);
    expect(await into.mountBlob(sha256Of('nothing'), 'ada/from')).toBe(false);
    const nobody = async () => await Promise.resolve(false);
    expect(await into.mountBlob(digest, 'ada/from', { mayRead: nobody })).toBe(false);
    expect(await into.mountBlob(digest, undefined, { mayRead: nobody })).toBe(false);
    expect(await into.findBlob(digest)).toBeUndefined();
    expect(await into.mountBlob(digest, 'ada/from')).toBe(true);
    expect(await other.mountBlob(digest)).toBe(true);
    for (const each of [into, other])
      expect(String(await collect((await each.readBlob(digest))?.pieces()))).toBe('to be mounted');
  });

  test('an image by tag and digest', async () => {
    const repository = at('ada/image');
    const image = smallImage(['one', 'two']);
    const stored = { digest: image.digest, mediaType: mediaTypes.ociManifest, size: image.manifest.length };
    expect(await repository.exists()).toBe(false);
    expect(await push(repository, image, 'latest', ['1', 'B'])).toEqual({ ...stored, subject: undefined });
    expect(await repository.exists()).toBe(true);
    for (const reference of ['latest', '1', 'B', image.digest]) {
      const found = await repository.findManifest(reference);
      expect(found).toEqual(stored);
      expect(found && (await repository.readManifest(found))).toEqual(image.manifest);
    }
    expect(await repository.findManifest('2')).toBeUndefined();
    expect(await repository.findManifest(sha256Of('2'))).toBeUndefined();
    expect(await repository.listTags()).toEqual(['1', 'B', 'latest']);
    expect(await at('ada/nobody').listTags()).toEqual([]);
  });

  test('several platforms under one digest', async () => {
    const repository = at('ada/index');
    const images = [smallImage(['one']), smallImage(['two'])];
    const manifests = images.map(({ manifest }, index) => ({
      ...describeBlob(manifest, mediaTypes.ociManifest),
      platform: { os: 'linux', architecture: ['amd64', 'arm64'][index] },
    }));
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    await expect(repository.putManifest({ bytes, reference: 'all' })).rejects.toMatchObject({
      details: { oci: 'MANIFEST_BLOB_UNKNOWN' },
    });
    for (const image of images) await push(repository, image, image.digest);
    await repository.putManifest({ bytes, reference: 'all' });
    expect(await repository.findManifest('all')).toMatchObject({
      digest: sha256Of(bytes),
      mediaType: mediaTypes.ociIndex,
    });
  });

  const image = smallImage(['never pushed']);
  const manifest = JSON.parse(image.manifest.toString()) as { config: object; layers: object[] };
  const wrongSize = { ...manifest, layers: [{ ...manifest.layers[0], size: 1 }] };
  test.each([
    ['lacks a layer', image.manifest, 'MANIFEST_BLOB_UNKNOWN', 'INVALID_IMAGE'],
    ['is no JSON', Buffer.from('{'), 'MANIFEST_INVALID', 'INVALID_IMAGE'],
    [
      'is of no type that is known',
      Buffer.from('{"schemaVersion":2,"mediaType":"x/y"}'),
      'MANIFEST_INVALID',
      'INVALID_IMAGE',
    ],
    ['says another size', Buffer.from(JSON.stringify(wrongSize)), 'SIZE_INVALID', 'INVALID_IMAGE'],
  ])('a manifest that %s is refused, and nothing is tagged', async (title, bytes, oci, code) => {
    const repository = at('ada/refused');
    if (title.startsWith('says'))
      for (const content of [image.config, ...image.layers]) await repository.addBlob(content);
    await expect(repository.putManifest({ bytes, reference: 'latest' })).rejects.toMatchObject({
      code,
      details: { oci },
    });
    expect(await repository.findManifest('latest')).toBeUndefined();
  });

  test('an index may name blobs', async () => {
    const repository = at('ada/cache');
    await repository.addBlob(Buffer.from('a cache'));
    const manifests = [describeBlob('a cache', mediaTypes.ociLayer)];
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    await repository.putManifest({ bytes, reference: 'cache' });
    expect(await repository.findManifest('cache')).toMatchObject({ digest: sha256Of(bytes) });
  });

  test('names, tags and digests that are none', async () => {
    expect(() => at('../etc')).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }) as Error);
    expect(() => at('a'.repeat(256))).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }) as Error);
    const repository = at('ada/names');
    await expect(repository.findBlob('sha256:0')).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await expect(repository.findManifest('../a')).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    await expect(push(repository, smallImage(['one']), 'a b')).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    await expect(push(repository, smallImage(['one']), sha256Of('other'))).rejects.toMatchObject({
      details: { oci: 'DIGEST_INVALID' },
    });
  });

  test('referrers', async () => {
    const repository = at('ada/referrers');
    const about = smallImage(['one']);
    await push(repository, about, 'latest');
    expect(await repository.listReferrers(about.digest)).toEqual([]);
    const subject = describeBlob(about.manifest, mediaTypes.ociManifest);
    const signature = smallImage([], { subject, artifactType: 'application/x.signature', annotations: { by: 'ada' } });
    expect(await push(repository, signature)).toMatchObject({ subject: about.digest });
    expect(await repository.listReferrers(about.digest)).toEqual([
      {
        ...describeBlob(signature.manifest, mediaTypes.ociManifest),
        artifactType: 'application/x.signature',
        annotations: { by: 'ada' },
      },
    ]);
    expect(await repository.listTags()).toEqual(['latest']);
    expect(await repository.deleteManifest(signature.digest)).toBe(true);
    expect(await repository.listReferrers(about.digest)).toEqual([]);
  });

  test('deletion', async () => {
    const repository = at('ada/deletion');
    const [one, two] = [smallImage(['one']), smallImage(['two'])];
    await push(repository, one, 'a', ['b']);
    await push(repository, two, 'c');
    if (deletesTags) {
      expect(await repository.deleteManifest('b')).toBe(true);
      expect(await repository.deleteManifest('b')).toBe(false);
      expect(await repository.findManifest(one.digest)).toBeDefined();
    } else {
      await expect(repository.deleteManifest('b')).rejects.toMatchObject({ details: { oci: 'UNSUPPORTED' } });
    }
    expect(await repository.deleteManifest(one.digest)).toBe(true);
    expect(await repository.deleteManifest(one.digest)).toBe(false);
    expect(await repository.findManifest('a')).toBeUndefined();
    expect(await repository.listTags()).toEqual(['c']);
    expect(await repository.deleteBlob(sha256Of('one'))).toBe(true);
    expect(await repository.deleteBlob(sha256Of('one'))).toBe(false);
    expect(await repository.findBlob(sha256Of('one'))).toBeUndefined();
    expect(await repository.exists()).toBe(true);
  });

  test('an upload in several steps', async () => {
    const { uploads, findBlob } = at('ada/steps');
    const content = randomBytes(400_000);
    const id = await uploads.start();
    expect(await uploads.offset(id)).toBe(0);
    expect(await uploads.append(id, { body: stream(content.subarray(0, 300_000)) })).toBe(300_000);
    await expect(uploads.append(id, { body: stream(content), start: 5 })).rejects.toMatchObject({
      details: { status: 416 },
    });
    expect(await uploads.append(id, { body: stream(content.subarray(300_000)), start: 300_000 })).toBe(400_000);
    await expect(at('ada/elsewhere').uploads.offset(id)).rejects.toMatchObject({
      details: { oci: 'BLOB_UPLOAD_UNKNOWN' },
    });
    expect(await uploads.finish(id, sha256Of(content))).toEqual({ digest: sha256Of(content), size: 400_000 });
    expect(await findBlob(sha256Of(content))).toBeDefined();
    await expect(uploads.offset(id)).rejects.toMatchObject({ details: { oci: 'BLOB_UPLOAD_UNKNOWN' } });
    const [given, wrong] = [await uploads.start(), await uploads.start()];
    await uploads.cancel(given);
    await uploads.append(wrong, { body: stream(content) });
    await expect(uploads.finish(wrong, sha256Of('other'))).rejects.toMatchObject({
      details: { oci: 'DIGEST_INVALID' },
    });
    for (const each of [given, wrong, 'nonsense'])
      await expect(uploads.offset(each)).rejects.toMatchObject({ details: { oci: 'BLOB_UPLOAD_UNKNOWN' } });
    expect(await waiting()).toEqual([]);
  });

  test('its repositories, and nobody else’s', async () => {
    await push(at('zoe/tools'), smallImage(['one']), 'latest');
    const names: string[] = [];
    for await (const name of opened.registry.repositories()) names.push(name);
    expect(names).toContain('zoe/tools');
    expect(names).toContain('ada/image');
    expect(names.filter((name) => !/^(?:ada|zoe)\//.test(name))).toEqual([]);
  });

  test('an image that is loose goes, one that something holds stays', async () => {
    const repository = at('terroir/bases');
    const [loose, kept, held] = [smallImage(['loose']), smallImage(['kept']), smallImage(['held'])];
    await push(repository, loose, 'loose-1');
    await push(repository, kept, 'loose-2');
    await push(repository, held, 'loose-3', ['firm']);
    const options = { keep: new Set([kept.digest]), isLoose: (_name: string, tag: string) => tag.startsWith('loose') };
    expect(await opened.registry.collectGarbage(options)).toMatchObject({ manifests: 0 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = { ...options, grace: 10 };
    expect(await opened.registry.collectGarbage({ ...now, dryRun: true })).toMatchObject({
      manifests: expect.any(Number) as number,
    });
    expect(await repository.findManifest(loose.digest)).toBeDefined();
    await opened.registry.collectGarbage(now);
    expect(await repository.findManifest(loose.digest)).toBeUndefined();
    expect(await repository.findManifest(kept.digest)).toBeDefined();
    expect(await repository.findManifest('firm')).toBeDefined();
  });
});
