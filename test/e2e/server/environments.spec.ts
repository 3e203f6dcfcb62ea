import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as rest from '../../../src/schema/rest/index.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';

const v1 = '/api/v1';
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('environments over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await createTestServer();
  });
  afterAll(() => server.close());

  const create = async (text: string, more: object = {}, files?: object) =>
    await server.call(`POST ${v1}/environments`, { body: { definition: { text, files }, ...more } });

  it('are registered once for the same content, and with the next number for another', async () => {
    const first = await create('name: iris\nrequirements: [alpha==1]\n', { description: 'flowers' });
    expect(first.status).toBe(201);
    expect(rest.Version.parse(first.body)).toEqual(first.body);
    expect(first.body).toMatchObject({ name: 'iris', version: '1', description: 'flowers', createdBy: 'ada' });
    expect(first.headers.get('location')).toBe('/api/v1/environments/iris/versions/1');
    const again = await create('# the same\nname: iris\nrequirements:\n  - alpha==1\n');
    expect([again.status, again.body.version, again.headers.get('etag')]).toEqual([
      200,
      '1',
      first.headers.get('etag'),
    ]);
    const other = await create('name: iris\nrequirements: [alpha==2]\n');
    expect([other.status, other.body.version]).toEqual([201, '2']);
    const taken = await create('name: iris\nrequirements: [alpha==3]\n', { version: '1' });
    expect([taken.status, taken.body.code]).toEqual([409, 'VERSION_EXISTS']);
  });

  it('come with their files, as texts and as uploaded content', async () => {
    const wheelish = 'print("a script")\n';
    const dockerfile = 'FROM debian:12\nCOPY train.py /\n';
    const missing = await create(
      'name: ctx\nbuild: {path: ctx}\n',
      {},
      {
        'ctx/Dockerfile': { text: dockerfile },
        'ctx/train.py': { digest: sha(wheelish) },
      },
    );
    expect([missing.status, missing.body.code, missing.body.details]).toEqual([
      404,
      'CONTENT_NOT_FOUND',
      { missing: [sha(wheelish)] },
    ]);
    expect((await server.call(`PUT ${v1}/blobs/${sha(wheelish)}`, { raw: wheelish })).status).toBe(201);
    const files = {
      'ctx/Dockerfile': { text: dockerfile },
      'ctx/train.py': { digest: sha(wheelish), executable: true },
      'ctx/link': { link: 'train.py' },
    };
    const made = await create('name: ctx\nbuild: {path: ctx}\n', {}, files);
    expect(made.status).toBe(201);
    const plain = { ...files, 'ctx/train.py': { digest: sha(wheelish) } };
    const unlike = await create('name: ctx\nbuild: {path: ctx}\n', {}, plain);
    expect(unlike.body.fingerprint).not.toBe(made.body.fingerprint);
    const layered = await create(
      'name: layered\nrequirements: more/requirements.txt\n',
      {},
      {
        'more/requirements.txt': { text: '-r base.txt\nbeta\n' },
        'more/base.txt': { text: 'alpha==1\n' },
      },
    );
    expect(layered.status).toBe(201);
    const sources = await server.call(`GET ${v1}/environments/layered/versions/1/sources`);
    expect((sources.body as { path: string }[]).map(({ path }) => path)).toEqual([
      'environment.yml',
      'more/requirements.txt',
      'more/base.txt',
    ]);
  });

  it.each<[string, string, object | undefined]>([
    ['a file of the server as requirements', 'name: x\nrequirements: /etc/passwd\n', undefined],
    ['one above', 'name: x\nrequirements: ../../../../etc/passwd\n', undefined],
    ['an include', 'name: x\nrequirements: r.txt\n', { 'r.txt': { text: '-r /etc/passwd\n' } }],
    ['a file URL', 'name: x\nrequirements: r.txt\n', { 'r.txt': { text: '-r file:///etc/passwd\n' } }],
    ['a conda file', 'name: x\nconda_file: /etc/passwd\n', undefined],
    ['a build context', 'name: x\nbuild: {path: /etc}\n', undefined],
    ['a link to follow', 'name: x\nrequirements: r.txt\n', { 'r.txt': { link: '/etc/passwd' } }],
    ['links folder', 'name: x\nrequirements: ["--find-links /srv/wheels", alpha]\n', undefined],
    ['links folder by URL', 'name: x\nrequirements: ["--find-links file:///srv", alpha]\n', undefined],
    ['an index by URL', 'name: x\nrequirements: ["--index-url file:///srv", alpha]\n', undefined],
    ['an index by a variable', 'name: x\nrequirements: ["--index-url ${HOME}/index", alpha]\n', undefined],
    ['a repository', 'name: x\nrequirements: ["alpha @ git+file:///srv/alpha"]\n', undefined],
    ['a wheel', 'name: x\nrequirements: ["alpha @ file:///srv/alpha-1-py3-none-any.whl"]\n', undefined],
    ['an absolute wheel', 'name: x\nrequirements: ["/srv/alpha-1-py3-none-any.whl"]\n', undefined],
    [
      'a conda channel',
      'name: x\nconda_file: {channels: ["file:///srv/channel"], dependencies: [python=3.12]}\n',
      undefined,
    ],
    ['a conda folder', 'name: x\nconda_file: {channels: ["/srv/channel"], dependencies: [python=3.12]}\n', undefined],
    [
      'an explicit list',
      'name: x\nconda_file: e.txt\n',
      { 'e.txt': { text: `@EXPLICIT\nfile:///srv/channel/noarch/a-1-0.conda#${'a'.repeat(64)}\n` } },
    ],
    [
      'a pip block in conda',
      'name: x\nconda_file: {channels: [c], dependencies: [python=3.12, {pip: ["alpha @ git+file:///srv/a"]}]}\n',
      undefined,
    ],
  ])('name no place of the server: %s', async (_title, text, files) => {
    const { status, body } = await create(text, {}, files);
    expect([status, body.code]).toEqual([422, 'INVALID_DEFINITION']);
  });

  it.each(['a/../../b', './a', 'a/', '..', 'a//b', 'a\\b'])('refuse the path %s', async (path) => {
    const { status, body } = await create('name: x\nrequirements: [alpha]\n', {}, { [path]: { text: '' } });
    expect([status, body.code]).toEqual([400, 'USAGE']);
  });

  it('are never taken for files by their references', async () => {
    await create('name: iris\nrequirements: [alpha==1]\n');
    for (const reference of ['/etc/passwd', '../x.yml', './environment.yml', 'file:///etc/passwd', '~/x.yml']) {
      const answers = [
        await server.call(`GET ${v1}/diff?from=${encodeURIComponent(reference)}&to=iris`),
        await server.call(`POST ${v1}/runs`, { body: { environment: reference, command: ['true'] } }),
        await server.call(`POST ${v1}/runs`, { body: { job: `command: ls\nenvironment: ${reference}\n` } }),
        await server.call(`POST ${v1}/environments/${encodeURIComponent(reference)}/versions/1/locks/linux-64`),
      ];
      for (const { status, body } of answers) {
        expect([400, 404, 422]).toContain(status);
        expect(['USAGE', 'ENVIRONMENT_NOT_FOUND', 'UNSUPPORTED_FEATURE']).toContain(body.code);
      }
    }
  });

  it('are listed by search, category, tags, age and state, page by page', async () => {
    for (const name of ['orchard', 'field', 'meadow'])
      await create(`name: ${name}\nrequirements: [alpha]\n`, { tags: { kind: 'land', [name]: 'x' } });
    await create('name: bare\nimage: debian:12\n', { tags: { kind: 'stone' } });
    const names = async (query: string): Promise<string[]> =>
      (await server.call(`GET ${v1}/environments?${query}`)).body.items.map(({ name }: { name: string }) => name);
    expect(await names('tag=kind=land')).toEqual(['field', 'meadow', 'orchard']);
    expect(await names('tag=kind=land&tag=field')).toEqual(['field']);
    expect(await names('search=RCH')).toEqual(['orchard']);
    expect(await names('category=user_managed&tag=kind=stone')).toEqual(['bare']);
    expect(await names('tag=kind=land&sort=-name')).toEqual(['orchard', 'meadow', 'field']);
    expect(await names('tag=kind=land&sort=created')).toEqual(['orchard', 'field', 'meadow']);
    for (const sort of ['name', '-name', 'created', '-created']) {
      const paged: string[] = [];
      let cursor = '';
      do {
        const page = await server.call(`GET ${v1}/environments?limit=2&sort=${sort}&tag=kind${cursor}`);
        expect(rest.EnvironmentPage.parse(page.body)).toEqual(page.body);
        paged.push(...page.body.items.map(({ name }: { name: string }) => name));
        cursor = page.body.next === null ? '' : `&cursor=${page.body.next}`;
      } while (cursor !== '');
      expect(paged).toEqual(await names(`sort=${sort}&tag=kind`));
    }
    await server.call(`POST ${v1}/environments/meadow/archive`);
    expect(await names('tag=kind=land')).toEqual(['field', 'orchard']);
    expect(await names('tag=kind=land&archived=archived')).toEqual(['meadow']);
    expect((await server.call(`GET ${v1}/environments/meadow`)).body).toMatchObject({ archived: true });
    await server.call(`POST ${v1}/environments/meadow/restore`);
    expect(await names('tag=kind=land&archived=all')).toEqual(['field', 'meadow', 'orchard']);
    for (const query of ['sort=age', 'limit=0', 'limit=1001', 'limit=x', 'cursor=zz', 'category=all'])
      expect((await server.call(`GET ${v1}/environments?${query}`)).status).toBe(400);
  });

  it('change description and tags only where they are what the caller saw', async () => {
    const made = await create('name: tags\nrequirements: [alpha]\n', { description: 'one', tags: { a: '1', b: '2' } });
    const path = `${v1}/environments/tags/versions/1`;
    const change = (body: object, tag?: string | null) =>
      server.call(`PATCH ${path}`, { body, headers: tag ? { 'if-match': tag } : {} });
    const changed = await change({ description: null, tags: { a: null, c: '3' } }, made.headers.get('etag'));
    expect(changed.body).toMatchObject({ description: null, tags: { b: '2', c: '3' } });
    expect(changed.headers.get('etag')).not.toBe(made.headers.get('etag'));
    const late = await change({ description: 'lost' }, made.headers.get('etag'));
    expect([late.status, late.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    expect((await server.call(`GET ${path}`)).headers.get('etag')).toBe(changed.headers.get('etag'));
    const race = await Promise.all(
      Array.from({ length: 8 }, (_, index) => change({ description: `${index}` }, changed.headers.get('etag'))),
    );
    expect(race.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(race.filter(({ status }) => status === 412)).toHaveLength(7);
    expect((await change({ definition: {} })).status).toBe(400);
    expect((await change({ tags: { x: 1 } })).status).toBe(400);
  });

  it('are archived, restored, deleted and purged by version', async () => {
    await create('name: old\nrequirements: [alpha]\n');
    await create('name: old\nrequirements: [beta]\n');
    const path = `${v1}/environments/old/versions`;
    expect((await server.call(`POST ${path}/1/archive`)).body).toMatchObject({ version: '1', archived: true });
    expect((await server.call(`GET ${path}`)).body.items).toHaveLength(1);
    expect((await server.call(`GET ${path}?archived=all`)).body.items).toHaveLength(2);
    expect((await server.call(`POST ${path}/1/restore`)).body).toMatchObject({ archived: false });
    expect((await server.call(`DELETE ${path}/1`)).status).toBe(200);
    expect((await server.call(`GET ${path}/1`)).body.code).toBe('ENVIRONMENT_NOT_FOUND');
    const purged = await server.call(`DELETE ${path}/@latest?purge=true`);
    expect(purged.body).toMatchObject({ version: '2', archived: true, definition: { platforms: [] } });
  });

  it('keep versions of any text', async () => {
    const version = '18.04:2022/ä %2F?#';
    const made = await create('name: odd\nrequirements: [alpha]\n', { version });
    expect(made.body.version).toBe(version);
    const { body } = await server.call(`GET ${made.headers.get('location')}`);
    expect(body.version).toBe(version);
  });

  it('are cloned, compared and checked', async () => {
    await create('name: base\nrequirements: [alpha==1, beta]\n');
    const clone = await server.call(`POST ${v1}/environments/base/versions/1/clone`, {
      body: { name: 'derived', add: ['gamma'], remove: ['beta'] },
    });
    expect([clone.status, clone.body.name]).toEqual([201, 'derived']);
    const diff = await server.call(`GET ${v1}/diff?from=base&to=derived`);
    expect(rest.Diff.parse(diff.body)).toEqual(diff.body);
    expect(JSON.stringify(diff.body.definition)).toContain('gamma');
    const check = await server.call(`GET ${v1}/environments/base/versions/1/check`);
    expect(check.body.findings.map(({ code }: { code: string }) => code)).toContain('unpinned-package');
    const text = { body: { definition: { text: 'requirements: [alpha]\n' } } };
    expect((await server.call(`POST ${v1}/check`, text)).body.findings.length).toBeGreaterThan(0);
    const sneaky = { name: 'sneaky', add: ['alpha @ git+file:///srv/alpha'] };
    expect((await server.call(`POST ${v1}/environments/base/versions/1/clone`, { body: sneaky })).status).toBe(422);
  });

  it('say where a definition is wrong', async () => {
    const { status, body } = await create('name: x\nimages: debian\n');
    expect([status, body.code]).toEqual([422, 'INVALID_DEFINITION']);
    expect(body.title).toContain('environment.yml:2:1');
    expect(body).toMatchObject({ status: 422, type: 'about:blank', instance: expect.any(String) as string });
  });

  it('have their whole life in the audit trail, whole', async () => {
    const { body } = await server.call(`GET ${v1}/audit?subject=old:1`);
    expect(body.items.map(({ action }: { action: string }) => action)).toEqual([
      'environment.delete',
      'environment.restore',
      'environment.archive',
      'environment.register',
    ]);
    const check = await server.call(`GET ${v1}/audit/verify`);
    const lines = (await server.call(`GET ${v1}/audit/export`)).text.trimEnd().split('\n');
    expect(lines).toHaveLength(check.body.entries);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ hash: check.body.head });
  });
});
