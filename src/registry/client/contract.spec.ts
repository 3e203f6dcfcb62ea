import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type RegistryProcess,
  startDockerRegistry,
  startOwnRegistry,
  user,
} from '../../../test/kit/registry/docker-registry.ts';
import { describe as describeBlob, sha256Of, smallImage } from '../../../test/kit/registry/image.ts';
import { identityToken, startTokenServer } from '../../../test/kit/registry/token-server.ts';
import { createHttp, type Http } from '../../io/index.ts';
import { mediaTypes } from '../../schema/index.ts';
import { createRegistryClient, type RemoteRepository } from './client.ts';
import type { Credentials } from './docker-credentials.ts';
import type { BlobSource } from './push-blob.ts';

interface Place {
  start: (root: string) => Promise<RegistryProcess>;
  credentials?: Credentials;
  /** Whether a tag can be deleted by its name; Debian's version cannot. */
  deletesTags: boolean;
}

const password: Credentials = { kind: 'password', user: user.name, password: user.password };
const withTokens = async (root: string): Promise<RegistryProcess> => {
  const tokens = await startTokenServer(join(root, 'tokens'));
  const registry = await startDockerRegistry({ root, auth: tokens });
  const stop = async () => {
    await registry.stop();
    await tokens.close();
  };
  return { ...registry, stop };
};

const places: [string, Place][] = [
  ['our registry', { start: startOwnRegistry, deletesTags: true }],
  ['docker-registry', { start: async (root) => await startDockerRegistry({ root }), deletesTags: false }],
  [
    'docker-registry with a password',
    {
      start: async (root) => await startDockerRegistry({ root, auth: 'htpasswd' }),
      credentials: password,
      deletesTags: false,
    },
  ],
  ['docker-registry with tokens', { start: withTokens, credentials: password, deletesTags: false }],
  [
    'docker-registry with identity tokens',
    { start: withTokens, credentials: { kind: 'identity-token', token: identityToken }, deletesTags: false },
  ],
];

const blobOf = (content: Uint8Array): BlobSource => ({
  digest: sha256Of(content),
  size: content.length,
  open: async function* (start) {
    for (let at = start; at < content.length; at += 60_000) {
      yield await Promise.resolve(content.subarray(at, at + 60_000));
    }
  },
});
const collect = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
};

describe.each(places)('%s', (_name, { start, credentials, deletesTags }) => {
  let folder: string;
  let registry: RegistryProcess;
  let http: Http;
  const open = (name: string): RemoteRepository => {
    const findCredentials = async () => await Promise.resolve({ credentials });
    return createRegistryClient({ http, findCredentials }).repository(registry.host, name);
  };
  const push = async (repository: RemoteRepository, image: ReturnType<typeof smallImage>, reference?: string) => {
    for (const content of [image.config, ...image.layers]) await repository.pushBlob(blobOf(content));
    return await repository.pushManifest({ bytes: image.manifest, reference });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-contract-'));
    registry = await start(join(folder, 'registry'));
    http = createHttp({ env: {} });
  });
  afterAll(async () => {
    await http.close();
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ['small', 10],
    ['empty', 0],
    ['of some megabytes', 3_000_000],
  ])('a blob that is %s goes there once and comes back', async (_title, size) => {
    const content = randomBytes(size);
    const repository = open('ada/blobs');
    const seen: number[] = [];
    const source = blobOf(content);
    expect(await repository.findBlob(source.digest)).toBeUndefined();
    expect(await repository.pushBlob(source, { onProgress: (done) => seen.push(done) })).toBe('sent');
    expect(await repository.pushBlob(source)).toBe('existed');
    expect(await repository.findBlob(source.digest)).toBe(size);
    expect(await collect(repository.readBlob(source.digest, { size }))).toEqual(content);
    if (size > 0) expect(seen.at(-1)).toBe(size);
  });

  test('a blob goes in pieces', async () => {
    const source = blobOf(randomBytes(2_500_000));
    expect(await open('ada/pieces').pushBlob(source, { chunkSize: 1_000_000 })).toBe('sent');
    expect(await open('ada/pieces').findBlob(source.digest)).toBe(2_500_000);
  });

  test('a blob that is another one than it says is not taken', async () => {
    const source = { ...blobOf(Buffer.from('content')), digest: sha256Of('other') };
    await expect(open('ada/lies').pushBlob(source)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await open('ada/lies').findBlob(source.digest)).toBeUndefined();
  });

  test('a source that ends early is not taken for a broken connection', async () => {
    const source = { ...blobOf(Buffer.alloc(2_000_000)), size: 2_000_001 };
    await expect(open('ada/short').pushBlob(source)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: 'only 2000000 of 2000001 bytes of a blob are there',
    });
  });

  test('a blob of another repository is mounted', async () => {
    const source = blobOf(randomBytes(1000));
    await open('ada/from').pushBlob(source);
    expect(await open('ada/to').pushBlob(source, { mountFrom: 'ada/from' })).toBe('mounted');
    expect(await collect(open('ada/to').readBlob(source.digest))).toHaveLength(1000);
    const other = blobOf(randomBytes(1000));
    expect(await open('ada/to').pushBlob(other, { mountFrom: 'ada/from' })).toBe('sent');
  });

  test('an image by tag and by digest', async () => {
    const repository = open('ada/image');
    const image = smallImage(['one', 'two']);
    expect(await push(repository, image, 'latest')).toEqual({ digest: image.digest });
    const described = { digest: image.digest, mediaType: mediaTypes.ociManifest };
    for (const reference of ['latest', image.digest]) {
      expect(await repository.findManifest(reference)).toEqual({ ...described, size: image.manifest.length });
      expect(await repository.readManifest(reference)).toEqual({ ...described, bytes: image.manifest });
    }
    expect(await repository.findManifest('other')).toBeUndefined();
    await expect(repository.readManifest('other')).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: expect.stringContaining('`ada/image:other`') as unknown,
    });
  });

  test('an index, and Docker’s own types', async () => {
    const repository = open('ada/index');
    const image = smallImage(['one']);
    const docker = {
      ...(JSON.parse(image.manifest.toString()) as Record<string, unknown>),
      mediaType: mediaTypes.dockerManifest,
      config: describeBlob(image.config, mediaTypes.dockerConfig),
      layers: [describeBlob('one', mediaTypes.dockerLayerGzip)],
    };
    await push(repository, image);
    const bytes = Buffer.from(JSON.stringify(docker));
    await repository.pushManifest({ bytes });
    const platform = { os: 'linux', architecture: 'amd64' };
    for (const [mediaType, entry, type] of [
      [mediaTypes.ociIndex, image.manifest, mediaTypes.ociManifest],
      [mediaTypes.dockerList, bytes, mediaTypes.dockerManifest],
    ] as const) {
      const list = JSON.stringify({
        schemaVersion: 2,
        mediaType,
        manifests: [{ ...describeBlob(entry, type), platform }],
      });
      await repository.pushManifest({ bytes: Buffer.from(list), reference: 'list' });
      expect(await repository.readManifest('list')).toMatchObject({ mediaType, digest: sha256Of(list) });
    }
  });

  test('an image whose layers are not there is refused', async () => {
    const image = smallImage(['never pushed']);
    const pushed = open('ada/hollow').pushManifest({ bytes: image.manifest, reference: 'latest' });
    await expect(pushed).rejects.toMatchObject({ message: expect.stringMatching(/blob|have/) as unknown });
    expect(await open('ada/hollow').findManifest('latest')).toBeUndefined();
  });

  test('tags', async () => {
    const repository = open('ada/tags');
    const image = smallImage(['one']);
    for (const tag of ['c', 'a', 'b']) await push(repository, image, tag);
    expect(await repository.listTags()).toEqual(['a', 'b', 'c']);
  });

  test('referrers, also where the registry does not keep them', async () => {
    const repository = open('ada/referrers');
    const image = smallImage(['one']);
    await push(repository, image, 'latest');
    expect(await repository.listReferrers(image.digest)).toEqual([]);
    const subject = describeBlob(image.manifest, mediaTypes.ociManifest);
    const signature = smallImage([], { subject, artifactType: 'application/x.signature', annotations: { by: 'ada' } });
    const sbom = smallImage([], { subject, artifactType: 'application/x.sbom+json' });
    for (const each of [signature, sbom, signature]) await push(repository, each);
    const found = await repository.listReferrers(image.digest);
    expect(found.map(({ digest }) => digest).sort()).toEqual([sbom.digest, signature.digest].sort());
    expect(await repository.listReferrers(image.digest, { artifactType: 'application/x.signature' })).toEqual([
      {
        ...describeBlob(signature.manifest, mediaTypes.ociManifest),
        artifactType: 'application/x.signature',
        annotations: { by: 'ada' },
      },
    ]);
    expect(await repository.deleteManifest(signature.digest)).toBe(true);
    expect((await repository.listReferrers(image.digest)).map(({ digest }) => digest)).toEqual([sbom.digest]);
  });

  test('deletion', async () => {
    const repository = open('ada/deletion');
    const image = smallImage(['one']);
    await push(repository, image, 'latest');
    if (deletesTags) {
      expect(await repository.deleteManifest('latest')).toBe(true);
      expect(await repository.deleteManifest('latest')).toBe(false);
      expect(await repository.findManifest(image.digest)).toBeDefined();
    }
    expect(await repository.deleteManifest(image.digest)).toBe(true);
    expect(await repository.deleteManifest(image.digest)).toBe(false);
    expect(await repository.deleteBlob(sha256Of('one'))).toBe(true);
    expect(await repository.deleteBlob(sha256Of('one'))).toBe(false);
    expect(await repository.findBlob(sha256Of('one'))).toBeUndefined();
  });

  test('who asks for what nobody may have gets no secrets back', async () => {
    if (credentials === undefined) return;
    const wrong: Credentials[] = [
      { kind: 'password', user: 'ada', password: 'not-the-secret' },
      { kind: 'identity-token', token: 'not-the-token' },
    ];
    for (const each of [undefined, ...wrong]) {
      const findCredentials = async () => await Promise.resolve({ credentials: each, problem: 'nobody logged in' });
      const repository = createRegistryClient({ http, findCredentials }).repository(registry.host, 'ada/image');
      const failure: unknown = await repository.readManifest('latest').catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'UNAUTHORIZED',
        hint: expect.stringContaining('nobody logged in') as unknown,
      });
      expect(JSON.stringify(failure) + String(failure)).not.toMatch(/not-the/);
    }
  });

  test('many blobs at once', async () => {
    const repository = open('ada/many');
    const contents = Array.from({ length: 20 }, () => randomBytes(50_000));
    await Promise.all(contents.map(async (content) => await repository.pushBlob(blobOf(content))));
    const hash = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
    const back = await Promise.all(
      contents.map(async (content) => hash(await collect(repository.readBlob(sha256Of(content))))),
    );
    expect(back).toEqual(contents.map(hash));
  });
});
