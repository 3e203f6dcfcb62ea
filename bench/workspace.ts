/**
 * How fast the workspace answers: `node bench/workspace.ts`. It makes a workspace with 10,000 environment versions in a temporary folder and
 * removes it again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistry } from '../src/registry/index.ts';
import { canonicalJson, type Definition, mediaTypes, type PlatformImage, sha256 } from '../src/schema/index.ts';
import { openWorkspace, type RegisterRequest, type Workspace } from '../src/workspace/index.ts';

export interface WorkspaceMeasurement {
  what: string;
  /** In `unit`: milliseconds (the median of several), or how many a second. */
  value: number;
  unit: 'ms' | '/s';
  /** What we promise: at most so many ms, at least so many a second. */
  limit: number;
}

const count = 10_000;

/** Measures; prints nothing. */
export async function measureWorkspace(): Promise<WorkspaceMeasurement[]> {
  const root = await mkdtemp(join(tmpdir(), 'terroir-bench-workspace-'));
  try {
    return [
      ...(await measureShape(join(root, 'wide'), count)),
      ...(await measureShape(join(root, 'deep'), 10)),
      await measureImages(join(root, 'images')),
    ];
  } finally {
    await rm(root, { recursive: true });
  }
}

/** `environments` of them, all together with `count` versions. */
async function measureShape(folder: string, environments: number): Promise<WorkspaceMeasurement[]> {
  const shape = `${environments} × ${count / environments}`;
  const filled = await openWorkspace(folder, { create: true, user: 'bench' });
  const startedAt = performance.now();
  for (let index = 0; index < count; index += 1) {
    await filled.environments.register(request(`env-${index % environments}`, index));
  }
  const rate = count / ((performance.now() - startedAt) / 1000);
  await filled.close();
  const opening = await median(async () => {
    await (await openWorkspace(folder, { create: true, user: 'bench' })).close();
  });
  const workspace = await openWorkspace(folder, { create: true, user: 'bench' });
  const questions: Record<string, (workspace: Workspace) => Promise<unknown>> = {
    'first page of environments': ({ environments: e }) => e.list({ limit: 100 }),
    'environments by part of the name': ({ environments: e }) => e.list({ limit: 100, nameContains: '99' }),
    'environments by tag': ({ environments: e }) => e.list({ limit: 100, tags: ['team=ml'] }),
    'first page of versions': ({ environments: e }) => e.listVersions('env-1', { limit: 100 }),
    'latest version': ({ environments: e }) => e.latest('env-1'),
  };
  const measured: WorkspaceMeasurement[] = [
    { what: `${shape}: registrations`, value: rate, unit: '/s', limit: 1000 },
    { what: `${shape}: opening`, value: opening, unit: 'ms', limit: 10 },
  ];
  for (const [what, ask] of Object.entries(questions)) {
    measured.push({ what: `${shape}: ${what}`, value: await median(() => ask(workspace)), unit: 'ms', limit: 20 });
  }
  await workspace.close();
  return measured;
}

/** What a build asks for an image that is there: the record by its ingredients, and whether the registry has all of it. */
async function measureImages(folder: string): Promise<WorkspaceMeasurement> {
  const images = 100_000;
  const workspace = await openWorkspace(folder, { create: true, user: 'bench' });
  const repository = createRegistry(join(folder, 'registry')).repository('terroir/env_known');
  const blobs = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => await repository.addBlob(Buffer.from(`layer ${n}`))),
  );
  for (let index = 0; index < images; index += 1) await workspace.images.add(imageOf(sha256(`image ${index}`), blobs));
  const value = await median(async () => {
    const fingerprint = sha256(`image ${images / 2}`);
    await workspace.images.find({ fingerprint, platform: 'linux-64', lockDigest: 'a'.repeat(64), baseDigest: null });
    for (const { digest } of blobs) await repository.findBlob(digest);
  });
  await workspace.close();
  return { what: `${images} images: look-up of a known one, with 20 layers`, value, unit: 'ms', limit: 5 };
}

function imageOf(fingerprint: string, blobs: readonly { digest: string; size: number }[]) {
  const digest = `sha256:${fingerprint}`;
  const image: PlatformImage = {
    platform: 'linux-64',
    digest,
    mediaType: mediaTypes.ociManifest,
    configDigest: digest,
    size: 1,
    lockRevision: 1,
    lockDigest: 'a'.repeat(64),
    base: null,
    images: [],
    baseCreatedAt: null,
    dockerfile: '',
    layers: blobs.map((blob) => ({ ...blob, mediaType: mediaTypes.ociLayerGzip, kind: 'packages', packages: ['a 1'] })),
  };
  return { fingerprint, digest, platforms: [image], origin: 'built' as const };
}

function request(name: string, index: number): RegisterRequest {
  const packages = Array.from({ length: 20 }, (_, n) => ({
    type: 'requirement' as const,
    text: `package-${n}==${index}`,
  }));
  const definition: Definition = {
    image: 'mcr.example/base:1',
    layer: { kind: 'requirements', entries: packages },
    python: { version: '3.11', userManaged: false },
    bytecode: false,
    environmentVariables: {},
    platforms: ['linux-64'],
    osType: 'linux',
    autoRebuild: 'on_base_image_update',
  };
  const digest = sha256(canonicalJson(definition));
  return {
    name,
    category: 'system_managed',
    description: `number ${index}`,
    tags: { team: index % 100 === 0 ? 'ml' : 'other', index: String(index) },
    fingerprint: digest,
    definition,
    definitionDigest: digest,
    files: [{ path: 'requirements.txt', digest, size: 400, kind: 'file', role: 'main' }],
  };
}

async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 11; round += 1) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return times.sort((a, b) => a - b)[5] ?? Number.NaN;
}

if (import.meta.main) {
  for (const { what, value, unit, limit } of await measureWorkspace()) {
    const isGood = unit === 'ms' ? value <= limit : value >= limit;
    console.log(
      `${isGood ? 'ok  ' : 'SLOW'} ${what}: ${value.toFixed(unit === 'ms' ? 2 : 0)} ${unit} (limit ${limit})`,
    );
  }
}
