import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { debianLike, makeBase, writeBase } from '../../../test/kit/base-image.ts';
import { createTestServer, type TestServer } from '../../../test/kit/server.ts';
import {
  createImageBuilder,
  type ImageBuilder,
  openImage,
  openLayout,
  packBase,
  writeImage,
} from '../../image/index.ts';
import { type Repository, repositorySink } from '../../registry/index.ts';
import type { Descriptor } from '../../schema/index.ts';
import { findBaseIndex, keepBaseIndex } from './base-index.ts';
import { openWorkspaceRegistry, workspaceHost } from './workspace-registry.ts';

let folder: string;
let server: TestServer;
let other: TestServer;
let builder: ImageBuilder;
let repository: Repository;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-base-index-'));
  server = await createTestServer();
  other = await createTestServer();
  builder = createImageBuilder({ store: server.app.store });
  repository = (await openWorkspaceRegistry(server.app)).repository('terroir/bases');
});
afterAll(async () => {
  await builder.close();
  for (const each of [server, other]) await each.close();
  await rm(folder, { recursive: true, force: true });
});

const bring = async (name: string) => {
  const layout = await writeBase(join(folder, name), [
    { base: await makeBase({ layers: [[...debianLike]], env: [`NAME=${name}`] }) },
  ]);
  const image = await openImage(await openLayout(layout), { platform: { os: 'linux', architecture: 'amd64' } });
  await writeImage(image, repositorySink(repository, workspaceHost), { tags: [name] });
  const { base } = await builder.readBase(image);
  return { base, subject: image.manifest.descriptor };
};

it('what was read of a base is beside it, for whoever has not read it', async () => {
  const { base, subject } = await bring('one');
  expect(await findBaseIndex(server.app, repository, subject)).toBeUndefined();
  await keepBaseIndex(server.app, repository, { base, subject });
  await keepBaseIndex(server.app, repository, { base, subject });
  expect(await findBaseIndex(server.app, repository, subject)).toEqual(packBase(base));
  expect(await repository.listReferrers(subject.digest)).toHaveLength(1);
});

it('nobody but the workspace says what is in a base', async () => {
  const { base, subject } = await bring('two');
  // Somebody who may push images, with a key of their own.
  await keepBaseIndex(other.app, repository, { base, subject });
  expect(await findBaseIndex(server.app, repository, subject)).toBeUndefined();
  await keepBaseIndex(server.app, repository, { base, subject });
  expect(await findBaseIndex(server.app, repository, subject)).toEqual(packBase(base));
});

it('what cannot be read or kept is no misfortune', async () => {
  const { base, subject } = await bring('three');
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: 'application/vnd.terroir.base.v1',
    config: await repository
      .addBlob(Buffer.from('{}'))
      .then(({ digest, size }): Descriptor => ({ mediaType: 'application/vnd.oci.empty.v1+json', digest, size })),
    layers: [],
    subject,
  };
  await repository.putManifest({ bytes: Buffer.from(JSON.stringify(manifest)), contentType: manifest.mediaType });
  expect(await findBaseIndex(server.app, repository, subject)).toBeUndefined();
  await keepBaseIndex(server.app, repository, { base, subject: { ...subject, digest: 'sha256:no' } });
});
