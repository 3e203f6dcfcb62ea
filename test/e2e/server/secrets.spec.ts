import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVersion } from '../../../src/app/index.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';

const v1 = '/api/v1';
const azure =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/terroir/environments';
const version = '?api-version=2024-10-01';
const pat = `ghp_${'a'.repeat(36)}`;

describe('secrets in a workspace that is shared', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await createTestServer({ withTokens: true, limits: { runs: 0 } });
  });
  afterAll(() => server.close());

  const call: TestServer['call'] = async (what, request) =>
    await server.call(what, { token: server.tokens.contributor, ...request });
  const register = async (text: string, files: Record<string, { text: string }> = {}) =>
    await call(`POST ${v1}/environments`, { body: { definition: { text, files }, name: 'secret' } });

  it.each<[string, string, Record<string, { text: string }>]>([
    ['an index', 'requirements: ["--index-url https://u:hush-hush@127.0.0.1:1/simple", alpha]\n', {}],
    [
      'a file that is named',
      'requirements: r.txt\n',
      { 'r.txt': { text: '--extra-index-url https://hush-hush@h/s\na\n' } },
    ],
    ['a requirement', 'requirements: ["alpha @ https://u:hush-hush@h/alpha-1-py3-none-any.whl"]\n', {}],
    [
      'a channel',
      'image: debian:13\nconda_file: {channels: ["https://h/t/hush-hush-hush/c"], dependencies: [python]}\n',
      {},
    ],
    ['a variable', 'image: debian:13\nenvironment_variables: {HF_TOKEN: hush-hush}\n', {}],
    ['a variable of a conda file', 'conda_file: {dependencies: [python], variables: {HF_TOKEN: hush-hush}}\n', {}],
    ['a Docker step', 'image: debian:13\ndocker_steps: ENV API_KEY=hush-hush\n', {}],
    ['an address in a step', 'image: debian:13\ndocker_steps: RUN pip install -i https://u:hush-hush@h/simple a\n', {}],
    [
      'a Dockerfile',
      'build: {path: c}\n',
      { 'c/Dockerfile': { text: 'FROM debian:13\nCOPY . /\nENV API_TOKEN hush-hush\n' } },
    ],
    ['what can be nothing else', `image: debian:13\nenvironment_variables: {X: ${pat}}\n`, {}],
  ])('are refused in %s of a definition, and are in no answer, log or list', async (_title, text, files) => {
    const { status, body, text: answer } = await register(text, files);
    expect([status, body.code], answer).toEqual([422, 'CHECK_FAILED']);
    expect(body.hint).toEqual(expect.any(String));
    expect(answer + server.log.join('')).not.toMatch(/hush|ghp_/);
    expect((await call(`GET ${v1}/environments/secret`)).status).toBe(404);
    const anonymous = await call(`POST ${v1}/environments`, { body: { definition: { text, files }, anonymous: true } });
    expect(anonymous.body.code).toBe('CHECK_FAILED');
  });

  it('are refused from Azure’s clients, too', async () => {
    const condaFile = 'channels: ["https://u:hush-hush@h/c"]\ndependencies: [python=3.12]\n';
    const properties = { image: 'debian:13', condaFile };
    const answer = await call(`PUT ${azure}/secret/versions/1${version}`, { body: { properties } });
    expect([answer.status, answer.body.error.code], answer.text).toEqual([422, 'CHECK_FAILED']);
    expect(answer.text).not.toContain('hush');
  });

  it.each([
    'requirements: ["--index-url https://${USER}:${TOKEN}@h/simple", "alpha @ git+ssh://git@h/alpha"]\n',
    'image: debian:13\ndocker_steps: "RUN curl https://h:8443/x@1 && git clone https://team@dev.azure.com/team/x"\n',
    'image: debian:13\nenvironment_variables: {HF_TOKEN: "secret:HF_TOKEN", MAX_TOKENS: "100", KEY: "${KEY}"}\n',
  ])('are none where there is only their name: %s', async (text) => {
    const { status, text: answer } = await register(text);
    expect(status, answer).toBe(201);
  });

  it('that were there before the workspace was shared are shown to nobody', async () => {
    const condaFile = 'channels: ["https://u:hush-hush@h/c"]\ndependencies: [python=3.12]\n';
    await writeFile(join(server.app.cwd, 'conda.yml'), condaFile);
    await writeFile(join(server.app.cwd, 'old.yml'), 'name: old\nimage: debian:13\nconda_file: conda.yml\n');
    await createVersion(server.app, { source: { kind: 'path', path: 'old.yml' } });
    const paths = [`${v1}/environments/old/versions/1`, `${v1}/environments/old/versions/1/sources`];
    for (const path of [...paths, `${azure}/old/versions/1${version}`, `${azure}/old/versions${version}`]) {
      const { status, text } = await call(`GET ${path}`);
      expect(status).toBe(200);
      expect(text).toContain('***@h/c');
      expect(text).not.toContain('hush');
    }
    // Sent back as it was shown, it is what is there.
    const { body } = await call(`GET ${azure}/old/versions/1${version}`);
    const back = await call(`PUT ${azure}/old/versions/1${version}`, { body: { properties: body.properties } });
    expect([back.status, back.body.id]).toEqual([200, body.id]);
  });
});
