import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describe as describeBlob, sha256Of, sha512Of, smallImage } from '../../../test/kit/registry/image.ts';
import { type RawRequest, rawRequest } from '../../../test/kit/registry/request.ts';
import { type HttpServer, serveHttp } from '../../io/index.ts';
import { mediaTypes } from '../../schema/index.ts';
import { createRegistry, type Registry } from '../store/registry.ts';
import { type Authorize, createRegistryHandler } from './handler.ts';

const image = smallImage(['layer one', 'layer two']);
const other = smallImage(['layer one'], { annotations: { other: 'yes' } });
const [one = Buffer.alloc(0)] = image.layers;
const blob = sha256Of(one);
const missing = sha256Of('missing');
const subject = { mediaType: mediaTypes.ociManifest, digest: image.digest, size: image.manifest.length };
const signature = smallImage([], { subject, artifactType: 'application/x.signature', annotations: { by: 'ada' } });
const sbom = smallImage([], { subject });
const index = (descriptors: readonly object[], more: object = {}) =>
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: descriptors, ...more });
const bytes = { 'content-type': 'application/octet-stream' };
const oci = { 'content-type': mediaTypes.ociManifest };
const ociIndex = { 'content-type': mediaTypes.ociIndex };

let folder: string;
let registry: Registry;
let server: HttpServer;
const failures: unknown[] = [];

async function fill(): Promise<void> {
  const repository = registry.repository('ada/tools');
  for (const { config, layers } of [image, other, signature, sbom]) {
    for (const content of [config, ...layers]) await repository.addBlob(content);
  }
  await repository.putManifest({ bytes: image.manifest, reference: 'latest', tags: ['1.0', 'B', 'a'] });
  await repository.putManifest({ bytes: signature.manifest });
  await repository.putManifest({ bytes: sbom.manifest });
  await registry.repository('bob/tools').addBlob(Buffer.from('of bob'));
}

async function serve(authorize?: Authorize): Promise<void> {
  const handler = createRegistryHandler({ registry, authorize, onFailure: (error) => failures.push(error) });
  server = await serveHttp(handler);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-registry-'));
  registry = createRegistry(folder);
  failures.length = 0;
  await fill();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

interface Row {
  title: string;
  path: string;
  method?: string;
  headers?: Record<string, string>;
  send?: string | Uint8Array;
  status: number;
  /** Headers that the answer has; null: has not. */
  has?: Record<string, string | RegExp | null>;
  text?: string;
  json?: unknown;
  /** Codes of the error envelope. */
  errors?: string[];
}

const put = (send: string | Uint8Array, headers: Record<string, string> = oci) => ({ method: 'PUT', headers, send });

const rows: Row[] = [
  {
    title: 'the registry is here',
    path: '/v2/',
    status: 200,
    json: {},
    has: { 'docker-distribution-api-version': 'registry/2.0' },
  },
  { title: 'also without the slash', path: '/v2', status: 200 },
  { title: 'HEAD of it', method: 'HEAD', path: '/v2/', status: 200 },
  { title: 'nothing else is', path: '/v3/', status: 404, errors: ['NAME_UNKNOWN'] },
  { title: 'no writing to it', method: 'POST', path: '/v2/', status: 405, errors: ['UNSUPPORTED'] },
  {
    title: 'a method that is a property of objects',
    method: 'TRACE',
    path: '/v2/',
    status: 405,
    errors: ['UNSUPPORTED'],
  },

  // Pull: blobs
  {
    title: 'a blob',
    path: `/v2/ada/tools/blobs/${blob}`,
    status: 200,
    text: 'layer one',
    has: {
      'docker-content-digest': blob,
      etag: `"${blob}"`,
      'content-length': '9',
      'accept-ranges': 'bytes',
      'cache-control': /immutable/,
    },
  },
  {
    title: 'its head',
    method: 'HEAD',
    path: `/v2/ada/tools/blobs/${blob}`,
    status: 200,
    text: '',
    has: { 'content-length': '9', 'docker-content-digest': blob },
  },
  {
    title: 'with a percent sign for the colon',
    path: `/v2/ada/tools/blobs/${blob.replace(':', '%3A')}`,
    status: 200,
    text: 'layer one',
  },
  {
    title: 'a blob that is known already',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { 'if-none-match': `"x", W/"${blob}"` },
    status: 304,
    text: '',
  },
  { title: 'a blob that nobody has', path: `/v2/ada/tools/blobs/${missing}`, status: 404, errors: ['BLOB_UNKNOWN'] },
  { title: 'a blob of another repository', path: `/v2/bob/tools/blobs/${blob}`, status: 404, errors: ['BLOB_UNKNOWN'] },
  { title: 'its head', method: 'HEAD', path: `/v2/bob/tools/blobs/${blob}`, status: 404, text: '' },
  { title: 'a digest that is none', path: '/v2/ada/tools/blobs/sha256:abc', status: 400, errors: ['DIGEST_INVALID'] },
  {
    title: 'a digest in capitals',
    path: `/v2/ada/tools/blobs/${blob.toUpperCase()}`,
    status: 400,
    errors: ['DIGEST_INVALID'],
  },
  {
    title: 'an algorithm that we lack',
    path: `/v2/ada/tools/blobs/md5:${'0'.repeat(32)}`,
    status: 400,
    errors: ['DIGEST_INVALID'],
  },
  {
    title: 'a stretch',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'bytes=2-4' },
    status: 206,
    text: 'yer',
    has: { 'content-range': 'bytes 2-4/9', 'content-length': '3' },
  },
  {
    title: 'the head of a stretch',
    method: 'HEAD',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'bytes=2-4' },
    status: 206,
    text: '',
    has: { 'content-length': '3' },
  },
  {
    title: 'a stretch to the end',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'bytes=6-' },
    status: 206,
    text: 'one',
  },
  {
    title: 'a stretch beyond the end',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'bytes=6-99' },
    status: 206,
    text: 'one',
    has: { 'content-range': 'bytes 6-8/9' },
  },
  {
    title: 'the last bytes',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'bytes=-3' },
    status: 206,
    text: 'one',
  },
  {
    title: 'more last bytes than there are',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'bytes=-99' },
    status: 206,
    text: 'layer one',
  },
  {
    title: 'a stretch behind the end',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'bytes=9-' },
    status: 416,
    text: '',
    has: { 'content-range': 'bytes */9' },
  },
  { title: 'a stretch backwards', path: `/v2/ada/tools/blobs/${blob}`, headers: { range: 'bytes=5-2' }, status: 416 },
  { title: 'no bytes from the end', path: `/v2/ada/tools/blobs/${blob}`, headers: { range: 'bytes=-0' }, status: 416 },
  {
    title: 'two stretches at once',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'bytes=0-1,3-4' },
    status: 200,
    text: 'layer one',
  },
  {
    title: 'another unit',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'lines=0-1' },
    status: 200,
    text: 'layer one',
  },
  {
    title: 'a stretch of what it was',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'bytes=0-1', 'if-range': '"other"' },
    status: 200,
    text: 'layer one',
  },
  {
    title: 'a stretch of what it still is',
    path: `/v2/ada/tools/blobs/${blob}`,
    headers: { range: 'bytes=0-1', 'if-range': `"${blob}"` },
    status: 206,
    text: 'la',
  },

  // Pull: manifests
  {
    title: 'a manifest by tag',
    path: '/v2/ada/tools/manifests/latest',
    status: 200,
    text: image.manifest.toString(),
    has: { 'content-type': mediaTypes.ociManifest, 'docker-content-digest': image.digest, etag: `"${image.digest}"` },
  },
  { title: 'by digest', path: `/v2/ada/tools/manifests/${image.digest}`, status: 200, text: image.manifest.toString() },
  {
    title: 'its head',
    method: 'HEAD',
    path: '/v2/ada/tools/manifests/latest',
    status: 200,
    text: '',
    has: { 'content-length': String(image.manifest.length) },
  },
  {
    title: 'a manifest that is known already',
    path: '/v2/ada/tools/manifests/latest',
    headers: { 'if-none-match': `"${image.digest}"` },
    status: 304,
  },
  { title: 'a tag that is not there', path: '/v2/ada/tools/manifests/2.0', status: 404, errors: ['MANIFEST_UNKNOWN'] },
  {
    title: 'a tag in other letters',
    path: '/v2/ada/tools/manifests/LATEST',
    status: 404,
    errors: ['MANIFEST_UNKNOWN'],
  },
  {
    title: 'a manifest that is not there',
    path: `/v2/ada/tools/manifests/${missing}`,
    status: 404,
    errors: ['MANIFEST_UNKNOWN'],
  },
  {
    title: 'a layer as a manifest',
    path: `/v2/ada/tools/manifests/${blob}`,
    status: 404,
    errors: ['MANIFEST_UNKNOWN'],
  },
  {
    title: 'a repository that is not there',
    path: '/v2/nobody/manifests/latest',
    status: 404,
    errors: ['NAME_UNKNOWN'],
  },
  { title: 'a repository above one', path: '/v2/ada/manifests/latest', status: 404, errors: ['NAME_UNKNOWN'] },

  // Names
  { title: 'capitals in a name', path: '/v2/Ada/tags/list', status: 400, errors: ['NAME_INVALID'] },
  { title: 'dots as a name', path: '/v2/../../etc/manifests/passwd', status: 400, errors: ['NAME_INVALID'] },
  {
    title: 'dots in a name, encoded',
    path: '/v2/%2e%2e%2f%2e%2e%2fetc/tags/list',
    status: 400,
    errors: ['NAME_INVALID'],
  },
  { title: 'an empty component', path: '/v2/ada//tools/tags/list', status: 400, errors: ['NAME_INVALID'] },
  { title: 'our own folder as a name', path: '/v2/ada/tools/_tags/tags/list', status: 400, errors: ['NAME_INVALID'] },
  { title: 'a name that is too long', path: `/v2/${'a'.repeat(256)}/tags/list`, status: 400, errors: ['NAME_INVALID'] },
  { title: 'a broken encoding', path: '/v2/%zz/tags/list', status: 400, errors: ['NAME_INVALID'] },
  { title: 'a zero byte', path: '/v2/ada%00/tags/list', status: 400, errors: ['NAME_INVALID'] },
  { title: 'a tag that climbs', path: '/v2/ada/tools/manifests/..%2f..%2fx', status: 404, errors: ['NAME_UNKNOWN'] },
  { title: 'a tag with a dot in front', path: '/v2/ada/tools/manifests/.x', status: 400, errors: ['MANIFEST_INVALID'] },
  {
    title: 'a tag that is too long',
    path: `/v2/ada/tools/manifests/${'a'.repeat(129)}`,
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'a tag as long as may be, with capitals',
    path: `/v2/ada/tools/manifests/${'aB'.repeat(64)}`,
    ...put(image.manifest),
    status: 201,
  },
  {
    title: 'an upload that climbs',
    path: '/v2/ada/tools/blobs/uploads/..%2f_tags%2flatest.json',
    status: 404,
    errors: ['NAME_UNKNOWN'],
  },
  {
    title: 'an upload of another form',
    path: '/v2/ada/tools/blobs/uploads/latest',
    status: 404,
    errors: ['BLOB_UPLOAD_UNKNOWN'],
  },
  {
    title: 'an upload that is not there',
    path: '/v2/ada/tools/blobs/uploads/00000000-0000-4000-8000-000000000000',
    status: 404,
    errors: ['BLOB_UPLOAD_UNKNOWN'],
  },

  // Push: blobs
  {
    title: 'an upload begins',
    method: 'POST',
    path: '/v2/ada/tools/blobs/uploads/',
    status: 202,
    text: '',
    has: { location: /^\/v2\/ada\/tools\/blobs\/uploads\/[0-9a-f-]{36}$/, range: '0-0', 'content-length': '0' },
  },
  {
    title: 'a blob at once',
    method: 'POST',
    headers: bytes,
    path: `/v2/new/repository/blobs/uploads/?digest=${missing}`,
    send: 'missing',
    status: 201,
    has: { location: `/v2/new/repository/blobs/${missing}`, 'docker-content-digest': missing },
  },
  {
    title: 'a blob at once, by SHA-512',
    method: 'POST',
    headers: bytes,
    path: `/v2/new/blobs/uploads/?digest=${sha512Of('missing')}`,
    send: 'missing',
    status: 201,
    has: { 'docker-content-digest': sha512Of('missing') },
  },
  {
    title: 'a blob at once with another digest',
    method: 'POST',
    headers: bytes,
    path: `/v2/ada/tools/blobs/uploads/?digest=${missing}`,
    send: 'something',
    status: 400,
    errors: ['DIGEST_INVALID'],
  },
  {
    title: 'a blob at once with no digest at all',
    method: 'POST',
    headers: bytes,
    path: '/v2/ada/tools/blobs/uploads/?digest=latest',
    send: 'something',
    status: 400,
    errors: ['DIGEST_INVALID'],
  },
  {
    title: 'a mount',
    method: 'POST',
    path: `/v2/bob/tools/blobs/uploads/?mount=${blob}&from=ada/tools`,
    status: 201,
    has: { location: `/v2/bob/tools/blobs/${blob}` },
  },
  {
    title: 'a mount from wherever it is',
    method: 'POST',
    path: `/v2/bob/tools/blobs/uploads/?mount=${blob}`,
    status: 201,
  },
  {
    title: 'a mount of what is not there',
    method: 'POST',
    path: `/v2/bob/tools/blobs/uploads/?mount=${missing}&from=ada/tools`,
    status: 202,
    has: { location: /uploads/ },
  },
  {
    title: 'a mount from where it is not',
    method: 'POST',
    path: `/v2/cy/blobs/uploads/?mount=${blob}&from=bob/tools`,
    status: 202,
  },
  {
    title: 'a mount from a path',
    method: 'POST',
    path: `/v2/bob/tools/blobs/uploads/?mount=${blob}&from=../../etc`,
    status: 202,
  },
  {
    title: 'a mount of no digest',
    method: 'POST',
    path: '/v2/bob/tools/blobs/uploads/?mount=latest&from=ada/tools',
    status: 202,
  },

  // Push: manifests
  {
    title: 'a manifest by tag',
    path: '/v2/ada/tools/manifests/other',
    ...put(other.manifest),
    status: 201,
    has: { location: `/v2/ada/tools/manifests/${other.digest}`, 'docker-content-digest': other.digest },
  },
  { title: 'by digest', path: `/v2/ada/tools/manifests/${other.digest}`, ...put(other.manifest), status: 201 },
  {
    title: 'by SHA-512',
    path: `/v2/ada/tools/manifests/${sha512Of(other.manifest)}`,
    ...put(other.manifest),
    status: 201,
    has: { 'docker-content-digest': sha512Of(other.manifest) },
  },
  {
    title: 'by digest, with tags',
    path: `/v2/ada/tools/manifests/${other.digest}?tag=x&tag=y`,
    ...put(other.manifest),
    status: 201,
    has: { 'oci-tag': 'x, y' },
  },
  {
    title: 'with a tag that climbs',
    path: `/v2/ada/tools/manifests/${other.digest}?tag=../x`,
    ...put(other.manifest),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'by the digest of another',
    path: `/v2/ada/tools/manifests/${image.digest}`,
    ...put(other.manifest),
    status: 400,
    errors: ['DIGEST_INVALID'],
  },
  {
    title: 'with parameters in its type',
    path: '/v2/ada/tools/manifests/x',
    ...put(other.manifest, { 'content-type': `${mediaTypes.ociManifest}; charset=utf-8` }),
    status: 201,
  },
  { title: 'without a type', path: '/v2/ada/tools/manifests/x', ...put(other.manifest, {}), status: 201 },
  {
    title: 'with another type than it says itself',
    path: '/v2/ada/tools/manifests/x',
    ...put(other.manifest, { 'content-type': mediaTypes.dockerManifest }),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'of a type that is no manifest',
    path: '/v2/ada/tools/manifests/x',
    ...put('{}', { 'content-type': 'text/html' }),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'of schema 1',
    path: '/v2/ada/tools/manifests/x',
    ...put('{"schemaVersion": 1, "fsLayers": []}', {
      'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws',
    }),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'that is no JSON',
    path: '/v2/ada/tools/manifests/x',
    ...put('{'),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'that is no object',
    path: '/v2/ada/tools/manifests/x',
    ...put('[]'),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'that is no UTF-8',
    path: '/v2/ada/tools/manifests/x',
    ...put(Buffer.from([0x7b, 0xff, 0x7d])),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  { title: 'that is empty', path: '/v2/ada/tools/manifests/x', ...put(''), status: 400, errors: ['MANIFEST_INVALID'] },
  {
    title: 'that is image and index',
    path: '/v2/ada/tools/manifests/x',
    ...put(JSON.stringify({ ...JSON.parse(other.manifest.toString()), manifests: [] })),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'without layers',
    path: '/v2/ada/tools/manifests/x',
    ...put('{"schemaVersion": 2}'),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'with a layer that nobody has',
    path: '/v2/ada/tools/manifests/x',
    ...put(smallImage(['unknown', 'layer one', 'unknown too']).manifest),
    status: 404,
    errors: ['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN'],
  },
  {
    title: 'with a layer that another repository has',
    path: '/v2/ada/tools/manifests/x',
    ...put(
      JSON.stringify({
        ...JSON.parse(other.manifest.toString()),
        layers: [describeBlob('of bob', mediaTypes.ociLayer)],
      }),
    ),
    status: 404,
    errors: ['MANIFEST_BLOB_UNKNOWN'],
  },
  {
    title: 'that lies about a size',
    path: '/v2/ada/tools/manifests/x',
    ...put(
      JSON.stringify({
        ...JSON.parse(other.manifest.toString()),
        layers: [{ ...describeBlob('layer one', mediaTypes.ociLayer), size: 10 }],
      }),
    ),
    status: 400,
    errors: ['SIZE_INVALID'],
  },
  {
    title: 'with a negative size',
    path: '/v2/ada/tools/manifests/x',
    ...put(
      JSON.stringify({
        ...JSON.parse(other.manifest.toString()),
        layers: [{ ...describeBlob('layer one', mediaTypes.ociLayer), size: -1 }],
      }),
    ),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'with a path for a digest',
    path: '/v2/ada/tools/manifests/x',
    ...put(
      JSON.stringify({
        ...JSON.parse(other.manifest.toString()),
        layers: [{ ...describeBlob('layer one', mediaTypes.ociLayer), digest: 'sha256:../../../etc/passwd' }],
      }),
    ),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'whose embedded data are other ones',
    path: '/v2/ada/tools/manifests/x',
    ...put(
      JSON.stringify({
        ...JSON.parse(other.manifest.toString()),
        layers: [
          { ...describeBlob('layer one', mediaTypes.ociLayer), data: Buffer.from('layer two').toString('base64') },
        ],
      }),
    ),
    status: 400,
    errors: ['MANIFEST_INVALID'],
  },
  {
    title: 'with a layer that may not be distributed',
    path: '/v2/ada/tools/manifests/x',
    ...put(
      JSON.stringify({
        ...JSON.parse(other.manifest.toString()),
        layers: [describeBlob('elsewhere', mediaTypes.dockerForeignLayerGzip)],
      }),
    ),
    status: 201,
  },
  {
    title: 'that is too large',
    path: '/v2/ada/tools/manifests/x',
    ...put(JSON.stringify({ ...JSON.parse(other.manifest.toString()), annotations: { a: 'x'.repeat(4 << 20) } })),
    status: 413,
    errors: ['SIZE_INVALID'],
  },
  {
    title: 'that is almost too large',
    path: '/v2/ada/tools/manifests/x',
    ...put(JSON.stringify({ ...JSON.parse(other.manifest.toString()), annotations: { a: 'x'.repeat(4_190_000) } })),
    status: 201,
  },
  {
    title: 'about another',
    path: `/v2/ada/tools/manifests/${signature.digest}`,
    ...put(signature.manifest),
    status: 201,
    has: { 'oci-subject': image.digest },
  },
  {
    title: 'about one that is not there',
    path: '/v2/ada/tools/manifests/x',
    ...put(smallImage([], { subject: { ...subject, digest: missing } }).manifest),
    status: 201,
    has: { 'oci-subject': missing },
  },
  { title: 'an index', path: '/v2/ada/tools/manifests/x', ...put(index([subject]), ociIndex), status: 201 },
  { title: 'an index of nothing', path: '/v2/ada/tools/manifests/x', ...put(index([]), ociIndex), status: 201 },
  {
    title: 'an index that names a blob',
    path: '/v2/ada/tools/manifests/x',
    ...put(index([describeBlob('layer one', mediaTypes.ociLayer)]), ociIndex),
    status: 201,
  },
  {
    title: 'an index with an image that is not there',
    path: '/v2/ada/tools/manifests/x',
    ...put(index([subject, { ...subject, digest: missing }]), ociIndex),
    status: 404,
    errors: ['MANIFEST_BLOB_UNKNOWN'],
  },
  {
    title: 'an index that lies about a size',
    path: '/v2/ada/tools/manifests/x',
    ...put(index([{ ...subject, size: 1 }]), ociIndex),
    status: 400,
    errors: ['SIZE_INVALID'],
  },
  {
    title: 'a list of Docker’s',
    path: '/v2/ada/tools/manifests/x',
    ...put(index([subject], { mediaType: mediaTypes.dockerList }), { 'content-type': mediaTypes.dockerList }),
    status: 201,
  },

  // Discovery
  {
    title: 'tags, whatever their case',
    path: '/v2/ada/tools/tags/list',
    status: 200,
    json: { name: 'ada/tools', tags: ['1.0', 'a', 'B', 'latest'] },
    has: { link: null },
  },
  { title: 'their head', method: 'HEAD', path: '/v2/ada/tools/tags/list', status: 200, text: '' },
  {
    title: 'the first tags',
    path: '/v2/ada/tools/tags/list?n=2',
    status: 200,
    json: { name: 'ada/tools', tags: ['1.0', 'a'] },
    has: { link: '</v2/ada/tools/tags/list?n=2&last=a>; rel="next"' },
  },
  {
    title: 'the next tags',
    path: '/v2/ada/tools/tags/list?n=2&last=a',
    status: 200,
    json: { name: 'ada/tools', tags: ['B', 'latest'] },
    has: { link: null },
  },
  {
    title: 'tags behind one that is gone',
    path: '/v2/ada/tools/tags/list?last=aa',
    status: 200,
    json: { name: 'ada/tools', tags: ['B', 'latest'] },
  },
  {
    title: 'no tags, on demand',
    path: '/v2/ada/tools/tags/list?n=0',
    status: 200,
    json: { name: 'ada/tools', tags: [] },
    has: { link: null },
  },
  { title: 'a strange number of tags', path: '/v2/ada/tools/tags/list?n=-1', status: 400, errors: ['UNSUPPORTED'] },
  {
    title: 'tags of a repository without any',
    path: '/v2/bob/tools/tags/list',
    status: 200,
    json: { name: 'bob/tools', tags: [] },
  },
  {
    title: 'tags of a repository that is not there',
    path: '/v2/nobody/tags/list',
    status: 404,
    errors: ['NAME_UNKNOWN'],
  },
  { title: 'repositories', path: '/v2/_catalog', status: 200, json: { repositories: ['ada/tools', 'bob/tools'] } },
  {
    title: 'the first repository',
    path: '/v2/_catalog?n=1',
    status: 200,
    json: { repositories: ['ada/tools'] },
    has: { link: '</v2/_catalog?n=1&last=ada%2Ftools>; rel="next"' },
  },
  {
    title: 'referrers',
    path: `/v2/ada/tools/referrers/${image.digest}?artifactType=application/x.signature`,
    status: 200,
    json: {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        {
          ...describeBlob(signature.manifest, mediaTypes.ociManifest),
          artifactType: 'application/x.signature',
          annotations: { by: 'ada' },
        },
      ],
    },
    has: { 'content-type': mediaTypes.ociIndex, 'oci-filters-applied': 'artifactType' },
  },
  {
    title: 'referrers whose type has a plus',
    path: `/v2/ada/tools/referrers/${image.digest}?artifactType=${mediaTypes.ociConfig}`,
    status: 200,
    json: {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [{ ...describeBlob(sbom.manifest, mediaTypes.ociManifest), artifactType: mediaTypes.ociConfig }],
    },
  },
  {
    title: 'referrers, one at a time',
    path: `/v2/ada/tools/referrers/${image.digest}?n=1`,
    status: 200,
    has: { link: /rel="next"/, 'oci-filters-applied': null },
  },
  {
    title: 'referrers to what is not there',
    path: `/v2/nobody/referrers/${missing}`,
    status: 200,
    json: { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] },
  },
  { title: 'referrers to no digest', path: '/v2/ada/tools/referrers/latest', status: 400, errors: ['DIGEST_INVALID'] },

  // Management
  { title: 'a tag goes', method: 'DELETE', path: '/v2/ada/tools/manifests/1.0', status: 202 },
  {
    title: 'a tag that is not there',
    method: 'DELETE',
    path: '/v2/ada/tools/manifests/2.0',
    status: 404,
    errors: ['MANIFEST_UNKNOWN'],
  },
  { title: 'a manifest goes', method: 'DELETE', path: `/v2/ada/tools/manifests/${image.digest}`, status: 202 },
  {
    title: 'a manifest that is not there',
    method: 'DELETE',
    path: `/v2/ada/tools/manifests/${missing}`,
    status: 404,
    errors: ['MANIFEST_UNKNOWN'],
  },
  {
    title: 'a manifest of nobody',
    method: 'DELETE',
    path: `/v2/nobody/manifests/${missing}`,
    status: 404,
    errors: ['NAME_UNKNOWN'],
  },
  { title: 'a blob goes', method: 'DELETE', path: `/v2/ada/tools/blobs/${blob}`, status: 202 },
  {
    title: 'a blob that is not there',
    method: 'DELETE',
    path: `/v2/bob/tools/blobs/${blob}`,
    status: 404,
    errors: ['BLOB_UNKNOWN'],
  },
];

test.each(rows)('$method $path: $title', async ({ path, method, headers, send, ...expected }) => {
  await serve();
  const answer = await rawRequest(server.url, path, { method, headers, body: send });
  const text = answer.body.toString();
  expect(answer.status, text).toBe(expected.status);
  if (expected.text !== undefined) expect(text).toBe(expected.text);
  if (expected.json !== undefined) expect(JSON.parse(text)).toEqual(expected.json);
  if (expected.errors !== undefined) {
    const { errors } = JSON.parse(text) as { errors: { code: string }[] };
    expect(errors.map(({ code }) => code)).toEqual(expected.errors);
    expect(answer.headers['content-type']).toBe('application/json');
  }
  for (const [name, value] of Object.entries(expected.has ?? {})) {
    if (value === null) expect(answer.headers[name]).toBeUndefined();
    else expect(answer.headers[name]).toEqual(typeof value === 'string' ? value : expect.stringMatching(value));
  }
  expect(failures).toEqual([]);
});

describe('what follows from what', () => {
  const ask = async (path: string, options?: RawRequest) => await rawRequest(server.url, path, options);
  const statusOf = async (path: string, options?: RawRequest) => (await ask(path, options)).status;

  test('a manifest that goes takes its tags along, but not its blobs or what another tag names', async () => {
    await serve();
    await ask('/v2/ada/tools/manifests/other', { method: 'PUT', headers: oci, body: other.manifest });
    await ask(`/v2/ada/tools/manifests/${image.digest}`, { method: 'DELETE' });
    const tags = await ask('/v2/ada/tools/tags/list');
    expect(JSON.parse(tags.body.toString())).toMatchObject({ tags: ['other'] });
    expect(await statusOf(`/v2/ada/tools/blobs/${blob}`)).toBe(200);
    expect(await statusOf('/v2/ada/tools/manifests/latest')).toBe(404);
  });

  test('a tag that goes leaves the manifest', async () => {
    await serve();
    await ask('/v2/ada/tools/manifests/latest', { method: 'DELETE' });
    expect(await statusOf('/v2/ada/tools/manifests/latest')).toBe(404);
    expect(await statusOf(`/v2/ada/tools/manifests/${image.digest}`)).toBe(200);
  });

  test('a referrer that goes is no referrer any more', async () => {
    await serve();
    const list = async () =>
      (JSON.parse((await ask(`/v2/ada/tools/referrers/${image.digest}`)).body.toString()) as { manifests: unknown[] })
        .manifests.length;
    expect(await list()).toBe(2);
    await ask(`/v2/ada/tools/manifests/${sbom.digest}`, { method: 'DELETE' });
    expect(await list()).toBe(1);
  });

  test('pages of referrers have each of them once', async () => {
    await serve();
    const digests: string[] = [];
    let path: string | undefined = `/v2/ada/tools/referrers/${image.digest}?n=1`;
    while (path !== undefined) {
      const page: Awaited<ReturnType<typeof ask>> = await ask(path);
      const { manifests } = JSON.parse(page.body.toString()) as { manifests: { digest: string }[] };
      digests.push(...manifests.map(({ digest }) => digest));
      path = /<([^>]+)>/.exec(String(page.headers.link ?? ''))?.[1];
    }
    expect(digests.sort()).toEqual([sbom.digest, signature.digest].sort());
  });

  test('an image that lacks something is never tagged', async () => {
    await serve();
    const { manifest } = smallImage(['unknown']);
    await ask('/v2/ada/tools/manifests/latest', { method: 'PUT', headers: oci, body: manifest });
    expect((await ask('/v2/ada/tools/manifests/latest')).body.toString()).toBe(image.manifest.toString());
    expect(await statusOf(`/v2/ada/tools/manifests/${sha256Of(manifest)}`)).toBe(404);
  });

  test('a mount shows what was pushed once, and deletion in one place leaves the other', async () => {
    await serve();
    await ask(`/v2/bob/tools/blobs/uploads/?mount=${blob}&from=ada/tools`, { method: 'POST' });
    await ask(`/v2/ada/tools/blobs/${blob}`, { method: 'DELETE' });
    expect(await statusOf(`/v2/ada/tools/blobs/${blob}`)).toBe(404);
    expect((await ask(`/v2/bob/tools/blobs/${blob}`)).body.toString()).toBe('layer one');
  });
});
