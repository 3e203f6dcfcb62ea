import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageView } from '../../../src/app/index.ts';
import { type CountingLine, startCountingLine } from '../../kit/counting-line.ts';
import { pushBase } from '../../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../../kit/sandbox.ts';
import { type Served, startServe } from '../../kit/serve.ts';
import { makeWheel } from '../../kit/wheel.ts';

const grape = makeWheel({ name: 'grape', version: '1.0', files: { 'grape/__init__.py': '' } });
const plum = makeWheel({ name: 'plum', version: '1.0', files: { 'plum.py': 'ripe = True\n' } });
/** Bytes of the base image that cannot be compressed away. */
const baseSize = 3_000_000;

interface Team {
  machine: Sandbox;
  served: Served;
  token: string;
}

describe('sharing with servers', { timeout: 120_000 }, () => {
  let folder: string;
  let registry: RegistryProcess;
  let index: PypiIndex;
  /** Somebody's own machine. */
  let here: Sandbox;
  let teams: Team[];
  let line: CountingLine;
  let image: ImageView;

  const startTeam = async (): Promise<Team> => {
    const machine = await createSandbox({ index: index.url });
    const make = ['token', 'create', '--user', 'ann', '--role', 'contributor'];
    const token = (await machine.run(make)).stdout.trim();
    return { machine, token, served: await startServe(machine) };
  };
  const first = (): Team => teams[0] as Team;
  const second = (): Team => teams[1] as Team;
  const toFirst = (): Record<string, string> => ({ TERROIR_SHARE_TOKEN: first().token });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-share-servers-'));
    registry = await startDockerRegistry({ root: join(folder, 'registry') });
    await pushBase(`${registry.host}/base:1`, [{ name: 'opt/model.bin', content: randomBytes(baseSize) }]);
    index = await startPypiIndex([grape]);
    here = await createSandbox({ index: index.url });
    teams = [await startTeam(), await startTeam()];
    line = await startCountingLine(first().served.url);
    await here.write(plum.filename, plum.bytes);
    await here.write('more/pins.txt', 'grape==1.0\n');
    await here.write('requirements.txt', `-r more/pins.txt\n./${plum.filename}\n`);
    await here.write(
      'iris.yml',
      `name: iris\ndescription: All of it\ntags: {kind: flower}\nimage: ${registry.host}/base:1\nrequirements: requirements.txt\n`,
    );
    image = await here.json<ImageView>(['env', 'build', 'iris.yml']);
  }, 60_000);
  afterAll(async () => {
    await line.close();
    for (const { served, machine } of teams) {
      await served.stop();
      await machine.remove();
    }
    await here.remove();
    await index.close();
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** A definition of three wheels: all that a share takes along but the base. */
  const isLittle = 100_000;

  it('brings nothing half-made when the line is cut, and the rest of it the next time', async () => {
    line.cutAfter(baseSize / 2);
    const cut = await here.run(['env', 'share', 'iris', line.url], { env: toFirst() });
    expect(cut.exitCode, cut.stderr).toBe(8);
    expect((await first().machine.run(['env', 'show', 'iris'])).exitCode).toBe(4);
    line.mend();
    const whole = await here.json(['env', 'share', 'iris', line.url], { env: toFirst() });
    expect(whole).toMatchObject({ name: 'iris', version: '1', target: line.url, digest: image.digest });
  });

  it('brings definition, files, lock and image from a folder, once', async () => {
    const there = first().machine;
    const shown = await there.json(['env', 'show', 'iris']);
    expect(shown).toMatchObject({ createdBy: 'ann', description: 'All of it', tags: { kind: 'flower' } });
    const ours = await here.json(['env', 'show', 'iris']);
    for (const key of ['category', 'fingerprint', 'definition']) expect(shown[key]).toEqual(ours[key]);
    // The base and the index are not asked: all of it is there.
    expect(await there.json(['env', 'build', 'iris', '--offline'])).toMatchObject({
      digest: image.digest,
      lockDigest: image.lockDigest,
      source: 'workspace',
    });
    const program = ['env', 'exec', 'iris', '--', 'python', '-c', 'import grape, plum; print(plum.ripe)'];
    expect(await there.run(program)).toMatchObject({ exitCode: 0, stdout: 'True\n' });
    const before = line.sent();
    expect(await here.json(['env', 'share', 'iris', line.url], { env: toFirst() })).toMatchObject({
      outcome: 'unchanged',
    });
    expect(line.sent() - before).toBeLessThan(isLittle);
    expect(await there.json(['audit', 'verify'])).toMatchObject({ entries: expect.any(Number) });
  });

  it('does not move the layers that another image there has', async () => {
    await here.write(
      'rose.yml',
      `name: rose\nimage: ${registry.host}/base:1\npython: {version: "3.11"}\nrequirements: [grape]\n`,
    );
    const rose = await here.json<ImageView>(['env', 'build', 'rose.yml']);
    const before = line.sent();
    const shared = await here.json(['env', 'share', 'rose', line.url], { env: toFirst() });
    expect(shared).toMatchObject({ outcome: 'created', digest: rose.digest });
    expect(line.sent() - before).toBeLessThan(isLittle);
  });

  it('brings a version from one server to another, and from a server to a folder', async () => {
    const asAnn = { TERROIR_WORKSPACE: first().served.url, TERROIR_TOKEN: first().token };
    const env = { ...asAnn, TERROIR_SHARE_TOKEN: second().token };
    const shared = await here.json(['env', 'share', 'iris', second().served.url], { env });
    expect(shared).toMatchObject({ outcome: 'created', digest: image.digest, target: second().served.url });
    const offline = ['env', 'build', 'iris', '--offline'];
    expect(await second().machine.json(offline)).toMatchObject({ digest: image.digest, source: 'workspace' });

    await here.run(['env', 'list', '--workspace', 'third']);
    const brought = await here.json(['env', 'share', 'iris', './third'], { env: asAnn });
    expect(brought).toMatchObject({ outcome: 'created', digest: image.digest, target: join(here.folder, 'third') });
    const third = ['--workspace', 'third'];
    expect(await here.json([...offline, ...third])).toMatchObject({ digest: image.digest, source: 'workspace' });
    expect(await here.json(['env', 'share', 'iris', './third'], { env: asAnn })).toMatchObject({
      outcome: 'unchanged',
    });
    expect(
      (await here.json<{ locks: object[] }>(['env', 'share', 'iris', second().served.url, ...third], { env })).locks,
    ).toHaveLength(1);
    const nowhere = await here.run(['env', 'share', 'iris', './nowhere'], { env: asAnn });
    expect([nowhere.exitCode, nowhere.stderr]).toEqual([4, expect.stringContaining('there is no workspace in')]);
  });

  it('brings what has neither lock nor image, and a build context with its tree', async () => {
    await here.write('context/Dockerfile', 'FROM debian:12\nCOPY deep/file.txt /\n');
    await here.write('context/deep/file.txt', 'hello\n');
    await here.write('built.yml', 'name: built\nbuild: {path: context}\n');
    await here.json(['env', 'create', 'built.yml']);
    const shared = await here.run(['env', 'share', 'built', first().served.url], { env: toFirst() });
    expect(shared.stdout).toMatch(/shared: built:1 in http:.*, without lock or image/);
    expect((await first().machine.json(['env', 'show', 'built'])).fingerprint).toBe(
      (await here.json(['env', 'show', 'built'])).fingerprint,
    );
  });

  it('says what does not go', async () => {
    const { url } = first().served;
    const without = await here.run(['env', 'share', 'iris', url]);
    expect([without.exitCode, without.stderr]).toEqual([9, expect.stringContaining('TERROIR_SHARE_TOKEN')]);
    await here.write('other.yml', 'name: iris\nversion: "1"\nrequirements: [grape]\n');
    await here.run(['env', 'list', '--workspace', 'fourth']);
    await here.json(['env', 'create', 'other.yml', '--workspace', 'fourth']);
    const taken = ['env', 'share', 'iris', url, '--workspace', 'fourth'];
    expect(await here.run(taken, { env: toFirst() })).toMatchObject({ exitCode: 5 });
  });

  it('tells a server nothing of the token for another one', async () => {
    const seen: (string | undefined)[] = [];
    const stranger = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => stranger.once('listening', resolve));
    try {
      const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
      const env = { TERROIR_WORKSPACE: first().served.url, TERROIR_TOKEN: first().token };
      expect((await here.run(['env', 'share', 'iris', url], { env })).exitCode).toBe(8);
      expect(seen.length).toBeGreaterThan(0);
      expect(seen.every((each) => each === undefined)).toBe(true);
    } finally {
      stranger.close();
    }
  });

  describe('what is sent', () => {
    const take = async (change: (body: Record<string, unknown>) => void): Promise<[number, string]> => {
      const auth = { authorization: `Bearer ${first().token}` };
      const { url } = first().served;
      const shown = await fetch(`${url}/api/v1/environments/iris/versions/1/shared`, { headers: auth });
      const body = (await shown.json()) as Record<string, unknown>;
      body.name = 'sent';
      change(body);
      const answer = await fetch(`${url}/api/v1/shared`, {
        method: 'POST',
        headers: { ...auth, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return [answer.status, ((await answer.json()) as { code: string }).code];
    };
    const digest = createHash('sha256').update('nobody sent this').digest('hex');
    // oxlint-disable-next-line typescript/no-explicit-any -- what is changed is no valid body any more
    it.each<[string, (body: any) => void, number, string]>([
      ['another fingerprint', (body) => (body.fingerprint = digest), 422, 'INVALID_DEFINITION'],
      [
        'a file that is not there',
        (body) => (body.definition.files[plum.filename] = { digest }),
        404,
        'CONTENT_NOT_FOUND',
      ],
      ['a changed lock', (body) => (body.locks[0].packages[0].version = '9'), 422, 'INVALID_LOCK'],
      ['an image that is not there', (body) => (body.image.digest = `sha256:${digest}`), 404, 'IMAGE_NOT_FOUND'],
      [
        'a wrong layer',
        (body) => (body.image.platforms[0].layers[0].digest = `sha256:${digest}`),
        422,
        'INVALID_IMAGE',
      ],
      ['an image without its lock', (body) => (body.locks = []), 422, 'INVALID_LOCK'],
      ['a reserved name', (body) => (body.name = 'AzureML-x'), 422, 'RESERVED_NAME'],
      ['something else', (body) => (body.extra = 1), 400, 'USAGE'],
    ])('is refused whole: %s', async (_title, change, status, code) => {
      expect(await take(change)).toEqual([status, code]);
      expect((await first().machine.run(['env', 'show', 'sent'])).exitCode).toBe(4);
    });
  });
});
