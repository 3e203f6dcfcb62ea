import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { globSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../src/schema/index.ts';
import { createSandbox, type Sandbox } from '../../kit/sandbox.ts';
import { type Served, startServe } from '../../kit/serve.ts';

const oci = 'application/vnd.oci.image.manifest.v1+json';

describe('a server whose disk is full', { timeout: 120_000 }, () => {
  let sandbox: Sandbox;
  let served: Served;
  let disk: string;
  beforeAll(async () => {
    sandbox = await createSandbox();
    disk = join(sandbox.folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk]);
    sandbox.env.TERROIR_WORKSPACE = join(disk, 'workspace');
    served = await startServe(sandbox);
    await call('POST /api/v1/environments', { definition: { text: 'name: own\npython: {user_managed: true}\n' } });
  });
  afterAll(async () => {
    await served.stop();
    execFileSync('umount', ['-l', disk]);
    await sandbox.remove();
  });

  interface Answer {
    status: number;
    text: string;
    // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as they like
    body: any;
    location: string;
  }
  const call = async (what: string, body?: object | Uint8Array, type?: string): Promise<Answer> => {
    const [method, path] = what.split(' ');
    const raw = body instanceof Uint8Array;
    const answer = await fetch(new URL(path ?? '', served.url), {
      method,
      headers: { 'content-type': type ?? (raw ? 'application/octet-stream' : 'application/json') },
      body: raw ? body : body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== '';
    return {
      status: answer.status,
      text,
      body: isJson ? JSON.parse(text) : undefined,
      location: answer.headers.get('location') ?? '',
    };
  };
  const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const used = (): number => Number(execFileSync('df', ['-k', '--output=used', disk]).toString().split('\n')[1]);
  const fill = (): void => {
    execFileSync('sh', ['-c', `dd if=/dev/zero of='${disk}/filler' bs=4k 2>/dev/null || true`]);
  };
  const ended = async (id: string): Promise<RunRecord> => {
    for (;;) {
      const { body } = await call(`GET /api/v1/runs/${id}`);
      if (['Completed', 'Failed', 'Canceled'].includes(body.status)) return body as RunRecord;
      await sleep(100);
    }
  };
  const submit = async (script: string): Promise<Answer> =>
    await call('POST /api/v1/runs', { environment: 'own', command: ['python3', '-uc', script] });

  it('refuses uploads that do not fit, and keeps nothing of them', async () => {
    const large = randomBytes(8_000_000);
    const before = used();
    const put = await call(`PUT /api/v1/blobs/${digestOf(large)}`, large);
    expect([put.status, put.body.code]).toEqual([507, 'DISK_FULL']);
    const { location } = await call('POST /v2/team/x/blobs/uploads/');
    const pushed = await call(`PUT ${location}?digest=sha256:${digestOf(large)}`, large);
    expect([pushed.status, pushed.text]).toEqual([507, expect.stringContaining('the disk of the registry is full')]);
    // The folders of a repository are there now.
    expect(used() - before).toBeLessThan(200);
  });

  it('says so of whatever would change something, shows everything, and goes on once there is room', async () => {
    fill();
    const definition = {
      text: `name: late\nenvironment_variables: {A: "${'x'.repeat(9000)}"}\npython: {user_managed: true}\n`,
    };
    const small = randomBytes(5000);
    const changes: [string, (object | Uint8Array)?][] = [
      ['POST /api/v1/environments', { definition }],
      ['PATCH /api/v1/environments/own/versions/1', { tags: { a: 'x'.repeat(900) } }],
      ['POST /api/v1/runs', { environment: 'own', command: ['true'] }],
      ['POST /api/v1/runs', { environment: 'own', command: ['true'], code: { 'main.py': { text: 'x'.repeat(9000) } } }],
      ['POST /api/v1/tokens', { user: 'ann', role: 'reader' }],
      [`PUT /api/v1/blobs/${digestOf(small)}`, small],
    ];
    for (const [what, body] of changes) {
      const answer = await call(what, body);
      expect([what, answer.status, answer.body.code]).toEqual([what, 507, 'DISK_FULL']);
      expect(answer.text).not.toContain(sandbox.folder);
    }
    for (const what of ['GET /api/v1/environments', 'GET /api/v1/runs', 'GET /api/v1/audit', 'GET /readyz'])
      expect((await call(what)).status).toBe(200);
    expect((await call('GET /api/v1/environments')).body.items).toHaveLength(1);
    expect((await call('GET /api/v1/runs')).body.items).toEqual([]);

    rmSync(join(disk, 'filler'));
    expect((await call('POST /api/v1/environments', { definition })).status).toBe(201);
    expect((await call(`PUT /api/v1/blobs/${digestOf(small)}`, small)).status).toBe(201);
    expect(await ended((await submit('print(1)')).body.id)).toMatchObject({ status: 'Completed' });
    expect((await call('PUT /v2/team/x/manifests/1', { schemaVersion: 2 }, oci)).status).toBe(400);
    const left = globSync(['**/*.tmp', '**/_uploads/*'], { cwd: join(disk, 'workspace') });
    expect(left).toEqual([]);
    expect(await sandbox.json(['audit', 'verify'])).toMatchObject({ entries: expect.any(Number) });
    expect(await sandbox.json(['cache', 'verify'])).toMatchObject({ damaged: [] });
  });

  it('says of a run that fills the disk itself that it failed by that, as soon as that can be written', async () => {
    const { body } = await submit(
      'try:\n  f = open("big", "wb")\n  while True: f.write(b"x" * 4096); f.flush()\nexcept OSError: pass\n',
    );
    await sleep(2000);
    while (used() < 6000) await sleep(100);
    expect((await submit('pass')).status).toBe(507);
    execFileSync('mount', ['-o', 'remount,size=40m', disk]);
    expect(await ended(body.id)).toMatchObject({ status: 'Failed', error: { code: 'DISK_FULL' } });
    expect(await ended((await submit('print(1)')).body.id)).toMatchObject({ status: 'Completed' });
  });
});
