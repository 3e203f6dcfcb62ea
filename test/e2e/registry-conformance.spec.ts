import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goProgram } from '../kit/go-program.ts';
import { type RegistryProcess, startOwnRegistry } from '../kit/registry/docker-registry.ts';

/** The suite of the distribution specification, as of August 2026: knows 1.1 and what the next version will add. */
const suite = await goProgram(
  'github.com/opencontainers/distribution-spec/conformance',
  'v0.0.0-20260831232431-97274622c111',
);

describe.skipIf(suite === undefined)('the conformance suite of the OCI distribution specification', () => {
  let folder: string;
  let registry: RegistryProcess;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-conformance-'));
    registry = await startOwnRegistry(join(folder, 'registry'));
  });
  afterAll(async () => {
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Its last words, by name. */
  const run = async (env: Record<string, string>): Promise<{ printed: string; counts: Record<string, number> }> => {
    const child = spawn(suite ?? '', {
      cwd: folder,
      env: { OCI_REGISTRY: registry.host, OCI_TLS: 'disabled', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => child.once('close', resolve));
    const printed = Buffer.concat(chunks).toString('utf8');
    const lines = printed.matchAll(/^ {2}(Disabled|Skip|Pass|FAIL|Error)\.+:\s+(\d+)$/gm);
    return { printed, counts: Object.fromEntries([...lines].map(([, name = '', count]) => [name, Number(count)])) };
  };

  const categories = {
    OCI_TEST_PULL: '1',
    OCI_TEST_PUSH: '1',
    OCI_TEST_CONTENT_DISCOVERY: '1',
    OCI_TEST_CONTENT_MANAGEMENT: '1',
  };

  test.each([
    ['version 1.1, in all four categories', { OCI_VERSION: '1.1', ...categories }, 2],
    ['what comes after it', { OCI_VERSION: 'dev' }, 0],
  ])('%s', async (_title, env, disabled) => {
    const { printed, counts } = await run(env);
    expect(counts, printed).toMatchObject({ FAIL: 0, Error: 0, Skip: 0, Disabled: disabled });
    expect(counts.Pass).toBeGreaterThan(800);
  });
});
