import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allRoutes } from '../../../src/server/index.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';

// Nothing of a context is needed to see which routes there are.
const routes = allRoutes({ app: {}, workspace: {}, limits: {} } as never)
  .flatMap((group) => group.routes)
  .filter(({ path }) => path.startsWith('/subscriptions/'));
const workspace = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/terroir';
const version = 'api-version=2024-10-01';

describe('Azure’s API under abuse', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await createTestServer({ withTokens: true, limits: { body: 200_000, runs: 0 } });
  });
  afterAll(() => server.close());

  const refused = async (what: string, request: object = {}): Promise<void> => {
    const { status, body, text } = await server.call(what, { token: server.tokens.admin, ...request });
    expect(status, text).toBeGreaterThanOrEqual(400);
    expect(status, text).toBeLessThan(500);
    expect(body, text).toMatchObject({
      error: { code: expect.any(String) as string, message: expect.any(String) as string, details: [] },
    });
  };
  const json = { 'content-type': 'application/json' };
  const long = 'x'.repeat(3000);

  const puts = ['environments/a', 'environments/a/versions/1', 'jobs/a', 'models/a/versions/1'];
  const bodies: [string, object][] = [
    ['nothing', {}],
    ['no JSON', { raw: '{', headers: json }],
    ['a list', { body: [] }],
    ['null', { body: null }],
    ['no properties', { body: {} }],
    ['properties that are none', { body: { properties: 'x' } }],
    ['properties of other types', { body: { properties: { jobType: 1, image: [], modelUri: {}, isArchived: 'yes' } } }],
    ['deep JSON', { raw: '['.repeat(90_000), headers: json }],
    ['a prototype', { raw: '{"__proto__": {"properties": {}}}', headers: json }],
    ['too much', { body: { properties: { description: 'x'.repeat(300_000) } } }],
    ['a form', { raw: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['a NUL', { body: { properties: { jobType: 'Co\0mmand', image: 'a\0', modelUri: 'a\0', description: '\0' } } }],
  ];
  it.each(puts.flatMap((path) => bodies.map(([title, request]) => [path, title, request] as const)))(
    'PUT %s refuses %s',
    async (path, _title, request) => {
      await refused(`PUT ${workspace}/${path}?${version}`, request);
    },
  );

  it.each([
    ['several types', { inputs: { a: 5 } }],
    ['an input without a kind', { inputs: { a: { value: 'x' } } }],
    ['an input with an odd name', { inputs: { '../a': { jobInputType: 'literal', value: 'x' } } }],
    ['an output with an odd name', { outputs: { '../../a': { jobOutputType: 'uri_folder' } } }],
    ['an output of an odd kind', { outputs: { a: { jobOutputType: '/etc' } } }],
    ['an odd variable', { environmentVariables: { 'A B': '1' } }],
    ['a variable with a NUL', { environmentVariables: { A: '1\0' } }],
    ['a secret of the server', { environmentVariables: { A: 'secret:PATH' } }],
    ['too many tags', { tags: Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`t${index}`, 'x'])) }],
    ['a tag that is too long', { tags: { [long]: 'x' } }],
    ['an empty command', { command: '  ' }],
    ['a line that ends the job file', { displayName: 'a\n"}\ncompute: docker\n', computeId: 'nobody' }],
    ['no time', { limits: { timeout: 'PT0S' } }],
    ['a compute that climbs', { computeId: '../../x' }],
  ])('a job with %s is refused', async (_title, properties) => {
    await server.call('POST /api/v1/environments', {
      token: server.tokens.admin,
      body: { definition: { text: 'name: own\npython: {user_managed: true}\n' } },
    });
    const given = { jobType: 'Command', command: 'true', environmentId: 'own', ...properties };
    await refused(`PUT ${workspace}/jobs/odd?${version}`, { body: { properties: given } });
    const { body } = await server.call('GET /api/v1/runs', { token: server.tokens.admin });
    expect(body.items).toEqual([]);
  });

  it.each([
    'environments?api-version=1',
    'environments',
    `environments?${version}&$top=0`,
    `environments?${version}&$top=-1`,
    `environments?${version}&$top=99999`,
    `environments?${version}&$skip=nonsense`,
    `environments?${version}&$skip=${long}`,
    `environments?${version}&listViewType=Some`,
    `environments/own/versions?${version}&$orderBy=name`,
    `jobs?${version}&$skip=nonsense`,
    `jobs?${version}&tag=%00`,
    `models?${version}&$skip=nonsense`,
    `models/m/versions?${version}&version=%00`,
    `jobs/%00?${version}`,
    `jobs/%ff?${version}`,
    `models/..%2f..?${version}`,
    `environments/${'x'.repeat(5000)}?${version}`,
    `environments/a/versions/%00?${version}`,
    `nothing?${version}`,
  ])('GET %s is refused', async (path) => {
    await refused(`GET ${workspace}/${path}`);
  });

  it('whoever is not let in hears it in Azure’s envelope, from every route', async () => {
    for (const { method, path } of routes) {
      const what = `${method} ${path.replaceAll(/:\w+/g, 'x').replace('*', 'x')}?${version}`;
      const { status, body } = await server.call(what);
      expect([status, body.error.code], what).toEqual([401, 'UNAUTHORIZED']);
    }
  });
});
