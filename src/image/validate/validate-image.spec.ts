import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BaseEntry,
  debianLike,
  type MadeBase,
  type MadeBlob,
  makeBase,
  makeTar,
  writeBase,
} from '../../../test/kit/base-image.ts';
import { openLayout } from '../sources/layout.ts';
import { findingCodes } from './finding.ts';
import { validateImage } from './validate-image.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-validate-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

let count = 0;
const seen = new Set<string>();
async function validate(images: Parameters<typeof writeBase>[1]): Promise<string[]> {
  count += 1;
  const layout = await writeBase(join(folder, String(count)), images);
  const findings = await validateImage(await openLayout(layout));
  for (const { code } of findings) seen.add(code);
  return findings.map(
    ({ code, severity, message }) =>
      `${severity} ${code}: ${message.replaceAll(/[0-9a-f]{64}/g, (hex) => hex.slice(0, 4))}`,
  );
}

const digest = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

interface Forged {
  /** As they are in the blobs. */
  layers?: Buffer[];
  mediaType?: string;
  config?: (config: Record<string, unknown> & { rootfs: { diff_ids: string[] } }) => unknown;
  manifest?: (manifest: Record<string, unknown> & { layers: Partial<MadeBlob>[] }) => unknown;
}

/** An image that somebody tampered with, all digests right but those that are wrong on purpose. */
async function forge(
  entries: readonly (readonly BaseEntry[])[],
  { layers, mediaType, config, manifest }: Forged = {},
): Promise<MadeBase> {
  const made = await makeBase({ layers: entries });
  const tars = await Promise.all(entries.map(makeTar));
  const blobs = (layers ?? tars.map((tar) => gzipSync(tar))).map((bytes) => ({
    mediaType: mediaType ?? 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: digest(bytes),
    size: bytes.length,
    bytes,
  }));
  const oldConfig = JSON.parse((made.blobs.at(-2) as MadeBlob).bytes.toString()) as never;
  const configBytes = Buffer.from(JSON.stringify(config?.(oldConfig) ?? oldConfig));
  const oldManifest = {
    ...(JSON.parse(made.manifest.bytes.toString()) as object),
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digest(configBytes),
      size: configBytes.length,
    },
    layers: blobs.map(({ mediaType: type, digest: own, size }) => ({ mediaType: type, digest: own, size })),
  };
  const bytes = Buffer.from(JSON.stringify(manifest?.(oldManifest) ?? oldManifest));
  const whole = { mediaType: made.manifest.mediaType, digest: digest(bytes), size: bytes.length, bytes };
  const configBlob = { mediaType: '', digest: digest(configBytes), size: configBytes.length, bytes: configBytes };
  return { manifest: whole, blobs: [...blobs, configBlob, whole] };
}

const ours = (config: Record<string, unknown>): unknown => ({
  ...config,
  history: [{ created_by: 'base' }, { created_by: 'terroir: numpy 2.0' }],
});

describe('validating an image', () => {
  test('finds nothing wrong with a good one', async () => {
    for (const options of [{}, { compression: 'zstd' }, { compression: 'none' }, { docker: true }] as const)
      expect(
        await validate([
          { base: await makeBase({ layers: [debianLike, [{ name: 'opt/x', content: 'y' }]], ...options }) },
        ]),
      ).toEqual([]);
  });

  const tar = async (entries: readonly BaseEntry[]): Promise<Buffer> => await makeTar(entries);
  const file: readonly BaseEntry[] = [{ name: 'f', content: 'x' }];

  test.each<[string, () => Promise<MadeBase>, string[]]>([
    [
      'a path outside',
      async () => await forge([[{ name: '../evil' }, { name: '/abs' }]]),
      ['error PATH_OUTSIDE: `../evil` leaves the image', 'warning PATH_OUTSIDE: `/abs` is absolute'],
    ],
    [
      'a path that is there twice',
      async () => await forge([[{ name: 'a' }, { name: './a' }]]),
      ['error PATH_TWICE: `a` is there twice'],
    ],
    [
      'hard links to elsewhere',
      async () =>
        await forge([
          [{ name: 'low' }],
          [
            { name: 'h', type: 'link', linkname: 'low' },
            { name: 'i', type: 'link', linkname: '../x' },
          ],
        ]),
      [
        'error HARD_LINK: `h` is a hard link to `low`, which is no file before it in this layer',
        'error PATH_OUTSIDE: the hard link `i` leads out of the image',
      ],
    ],
    [
      'whiteouts of nothing, and with content',
      async () => await forge([[{ name: 'a' }], [{ name: '.wh.a' }, { name: 'd/.wh.b', content: 'code' }]]),
      ['error WHITEOUT: `d/.wh.b` is no empty file', 'warning WHITEOUT: `d/.wh.b` hides nothing'],
    ],
    [
      'a link of the base that becomes a folder',
      async () => await forge([debianLike, [{ name: 'lib/x' }]], { config: ours }),
      ['error LINK_REPLACED: `lib` is a link below, and `lib/x` makes a folder of it'],
    ],
    [
      'a link of the base that is replaced by a folder',
      async () => await forge([debianLike, [{ name: 'lib/' }, { name: 'lib/x' }]], { config: ours }),
      ['error LINK_REPLACED: `lib` is a link below, and `lib/x` makes a folder of it'],
    ],
    [
      'a folder of the base without an entry',
      async () => await forge([debianLike, [{ name: 'opt/x' }]], { config: ours }),
      ['error FOLDER_CHANGED: `opt` has no entry, and some engines then change its mode or owner'],
    ],
    [
      'a folder of the base with another mode',
      async () => await forge([debianLike, [{ name: 'opt/' }, { name: 'opt/x' }]], { config: ours }),
      ['error FOLDER_CHANGED: `opt` of the base has another mode or owner'],
    ],
    [
      'another diffID',
      async () =>
        await forge([file], {
          config: (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] } }),
        }),
      ['error DIFF_ID: it is sha256:bf8c uncompressed, and the configuration says sha256:0000'],
    ],
    [
      'fewer diffIDs, and a history that does not fit',
      async () =>
        await forge([file, file], {
          config: (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: config.rootfs.diff_ids.slice(1) } }),
        }),
      [
        'error LAYER_COUNT: its manifest has 2 layers, and its configuration 1',
        'warning HISTORY_COUNT: its history has 2 entries for 1 layers',
        'error DIFF_ID: it is sha256:bf8c uncompressed, and the configuration says sha256:0000',
      ],
    ],
    [
      'a media type that is not true',
      async () => await forge([file], { layers: [await tar(file)] }),
      ['error MEDIA_TYPE: it is called `application/vnd.oci.image.layer.v1.tar+gzip`, and is not compressed'],
    ],
    [
      'types that nobody knows, or of both kinds',
      async () => await forge([file], { mediaType: 'application/vnd.docker.layer' }),
      [
        'warning MIXED_TYPES: it has media types of Docker and of OCI',
        'error MEDIA_TYPE: `application/vnd.docker.layer` is no media type of a layer',
      ],
    ],
    [
      'a cut stream',
      async () => await forge([file], { layers: [gzipSync(await tar(file)).subarray(0, -9)] }),
      [
        expect.stringMatching(/^error COMPRESSION: `sha256:\w+` cannot be uncompressed: unexpected end of file$/),
      ] as never,
    ],
    [
      'zeros behind the stream',
      async () => await forge([file], { layers: [Buffer.concat([gzipSync(await tar(file)), Buffer.alloc(7)])] }),
      ['error COMPRESSION: 7 bytes stand behind its end'],
    ],
    [
      'something behind the archive',
      async () => {
        const twice = Buffer.concat([await tar(file), await tar([{ name: 'hidden' }])]);
        return await forge([file], {
          layers: [gzipSync(twice)],
          config: (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [digest(twice)] } }),
        });
      },
      ['error TAR: something stands behind the end of its archive; engines do not see it'],
    ],
    [
      'an archive without an end',
      async () => {
        const open = (await tar(file)).subarray(0, 1024);
        return await forge([file], {
          layers: [gzipSync(open)],
          config: (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [digest(open)] } }),
        });
      },
      ['warning TAR: its archive is not ended by two blocks of zeros'],
    ],
    [
      'a layer that is no archive',
      async () => await forge([file], { layers: [gzipSync(Buffer.alloc(600, 'x'))] }),
      [expect.stringMatching(/^error TAR: .* is no valid tar archive: a header is damaged \(byte 0\)$/)] as never,
    ],
    [
      'a size that is not true',
      async () =>
        await forge([file], {
          manifest: (manifest) => ({ ...manifest, layers: manifest.layers.map((layer) => ({ ...layer, size: 5 })) }),
        }),
      [
        expect.stringMatching(/^error BLOB_WRONG: .* it is longer than the 5 bytes that its descriptor says$/),
        expect.anything(),
      ] as never,
    ],
    [
      'a layer that is not there',
      async () =>
        await forge([file], {
          manifest: (manifest) => ({
            ...manifest,
            layers: manifest.layers.map((layer) => ({ ...layer, digest: `sha256:${'0'.repeat(64)}` })),
          }),
        }),
      [expect.stringMatching(/^error BLOB_MISSING: /), expect.anything()] as never,
    ],
    [
      'more layers than engines mount',
      async () => await forge(Array.from({ length: 126 }, () => file)),
      ['error LAYER_COUNT: it has 126 layers; Docker mounts 125 at most'],
    ],
    [
      'a manifest that is none',
      async () => await forge([file], { manifest: () => ({ schemaVersion: 2, layers: 'none' }) }),
      [expect.stringMatching(/^error BAD_DOCUMENT: .* the manifest is wrong at `config`/)] as never,
    ],
  ])('finds %s', async (_, make, expected) => {
    expect(await validate([{ base: await make() }])).toEqual(expected);
  });

  test('finds what is wrong with an index', async () => {
    const base = await makeBase({ layers: [file] });
    const arm = await makeBase({ layers: [file], architecture: 'arm64' });
    const amd64 = { os: 'linux', architecture: 'amd64' };
    expect(
      await validate([
        { base, platform: amd64 },
        { base: arm, platform: amd64 },
        {
          base: { manifest: { ...base.manifest, size: 3 }, blobs: [] },
          platform: { os: 'linux', architecture: 's390x' },
        },
      ]),
    ).toEqual([
      'warning PLATFORM: linux/amd64 is there twice',
      'error PLATFORM: the index says linux/amd64, and its configuration linux/arm64',
      'error BLOB_WRONG: it has 400 bytes, and the index says 3',
      'error PLATFORM: the index says linux/s390x, and its configuration linux/amd64',
    ]);
  });

  test('every code has been seen', () => {
    expect([...seen].sort()).toEqual(Object.keys(findingCodes).sort());
  });
});
