import { canonicalJson, type Definition, type Lock, type RunRecord, sha256 } from '../../../src/schema/index.ts';
import type { EnvironmentVersion, RegisterRequest, Workspace } from '../../../src/workspace/index.ts';

/** A definition that differs by its image only. */
export function sampleDefinition(image = 'debian:12'): Definition {
  return {
    image,
    python: { version: '3.11', userManaged: false },
    bytecode: false,
    environmentVariables: { GREETING: 'grüß dich' },
    platforms: ['linux-64'],
    osType: 'linux',
    autoRebuild: 'on_base_image_update',
  };
}

/** What `environments.register` takes; `content` decides definition, digest and fingerprint. */
export function sampleRequest(name: string, content = 'a', more: Partial<RegisterRequest> = {}): RegisterRequest {
  const definition = sampleDefinition(`debian:${content}`);
  return {
    name,
    category: 'system_managed',
    fingerprint: sha256(`fingerprint ${content}`),
    definition,
    definitionDigest: sha256(canonicalJson(definition)),
    files: [{ path: 'conda.yml', digest: sha256(content), size: content.length, kind: 'file', role: 'main' }],
    ...more,
  };
}

export async function registerSample(
  workspace: Workspace,
  name: string,
  content = 'a',
  more: Partial<RegisterRequest> = {},
): Promise<EnvironmentVersion> {
  return (await workspace.environments.register(sampleRequest(name, content, more))).version;
}

/** A lock of one package; `content` decides its version and so the digest. */
export function sampleLock(fingerprint: string, content = '1', platform: Lock['platform'] = 'linux-64'): Lock {
  const lock: Omit<Lock, 'digest'> = {
    lockVersion: 1,
    fingerprint,
    platform,
    python: { version: '3.11', source: 'machine' },
    inputs: {
      channels: [],
      indexes: ['https://index.example/simple/'],
      findLinks: [],
      virtualPackages: { __glibc: '2.28' },
      tools: { uv: '1' },
    },
    packages: [
      {
        kind: 'pypi',
        name: 'sample',
        version: content,
        filename: `sample-${content}-py3-none-any.whl`,
        sha256: sha256(`wheel ${content}`),
        size: 100,
        dependencies: [],
        requested: true,
      },
    ],
  };
  return { ...lock, digest: sha256(canonicalJson(lock)) };
}

export function sampleRun(id: string, version: EnvironmentVersion, more: Partial<RunRecord> = {}): RunRecord {
  return {
    id,
    status: 'NotStarted',
    displayName: null,
    experimentName: null,
    description: null,
    tags: {},
    environment: { name: version.name, version: version.version, fingerprint: version.fingerprint },
    lockDigest: null,
    lockRevision: null,
    imageDigest: null,
    prefix: null,
    interpreter: null,
    target: 'local',
    compute: null,
    worker: null,
    command: ['python', 'train.py'],
    executed: [],
    snapshot: null,
    workingFolder: null,
    timeout: null,
    git: null,
    environmentVariables: {},
    removedVariables: [],
    inputs: {},
    outputs: {},
    machine: null,
    container: null,
    keptOutputs: null,
    resources: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    createdBy: 'ann',
    startedAt: null,
    endedAt: null,
    exitCode: null,
    signal: null,
    error: null,
    replayOf: null,
    notes: [],
    terroirVersion: '0.1.0',
    ...more,
  };
}

export function sampleModel(name: string, runId: string, version?: string) {
  return {
    name,
    version,
    runId,
    path: 'outputs/model',
    digest: sha256(name),
    size: 10,
    files: 1,
    description: null,
    tags: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    createdBy: 'ann',
  };
}

/** All items of a list, page by page. */
export async function allPages<T>(
  list: (page: { limit: number; cursor?: string }) => Promise<{ items: T[]; next: string | null }>,
  limit = 3,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit, cursor });
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return items;
}
