import { setTimeout as sleep } from 'node:timers/promises';
import type {
  AzureMachineLearningWorkspaces,
  CommandJob,
  EnvironmentVersion,
  JobBase,
} from '@azure/arm-machinelearning';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AzureServer, startAzureServer } from '../../kit/azure-server.ts';

const group = 'science';
const base =
  '/subscriptions/any-subscription/resourceGroups/science/providers/Microsoft.MachineLearningServices/workspaces/team';
const own = `${base}/environments/own/versions/1`;

describe('jobs and models of Azure’s own client', () => {
  let azure: AzureServer;
  let client: AzureMachineLearningWorkspaces;
  beforeAll(async () => {
    azure = await startAzureServer();
    client = azure.clientFor(azure.tokens.contributor);
    await azure.sandbox.write('own.yml', 'name: own\npython: {user_managed: true}\n');
    await azure.sandbox.json(['env', 'create', 'own.yml']);
  });
  afterAll(() => azure.close());

  const submit = async (name: string, job: Partial<CommandJob> & object): Promise<JobBase> =>
    await client.jobs.createOrUpdate(group, 'team', name, {
      properties: { jobType: 'Command', command: 'true', environmentId: own, ...job },
    });
  const ended = async (name: string): Promise<CommandJob> => {
    for (;;) {
      const { properties } = await client.jobs.get(group, 'team', name);
      if (['Completed', 'Failed', 'Canceled'].includes(properties.status ?? '')) return properties as CommandJob;
      await sleep(100);
    }
  };
  const listed = async (options: Parameters<typeof client.jobs.list>[2] = {}): Promise<(string | undefined)[]> => {
    const found: (string | undefined)[] = [];
    for await (const { name } of client.jobs.list(group, 'team', options)) found.push(name);
    return found;
  };
  const failureOf = async (asked: Promise<unknown>): Promise<unknown> =>
    await asked.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('run in the environment that they name, and say what they used', async () => {
    const made = await submit('first', {
      command:
        'echo ${{inputs.word}} $COLOUR; mkdir -p outputs; echo m > outputs/model; echo t > ${{outputs.trained}}/t',
      environmentVariables: { COLOUR: 'green', NONE: null },
      inputs: { word: { jobInputType: 'literal', value: '1e-3' } },
      outputs: { trained: { jobOutputType: 'uri_folder' } },
      displayName: 'The first',
      experimentName: 'flowers',
      description: 'of Azure',
      tags: { team: 'green' },
      limits: { jobLimitsType: 'Command', timeout: 'PT1H30M' },
      resources: { instanceCount: 1, shmSize: '2g' },
    });
    expect(made).toMatchObject({
      id: `${base}/jobs/first`,
      name: 'first',
      type: 'Microsoft.MachineLearningServices/workspaces/jobs',
      systemData: { createdBy: 'contributor', createdByType: 'User' },
      properties: {
        jobType: 'Command',
        status: 'Queued',
        environmentId: own,
        displayName: 'The first',
        experimentName: 'flowers',
        description: 'of Azure',
        tags: { team: 'green' },
        limits: { timeout: 'PT5400S' },
        services: { Studio: { endpoint: `${azure.url}/runs/first` } },
      },
    });
    const record = await ended('first');
    expect(record).toMatchObject({
      status: 'Completed',
      environmentVariables: { COLOUR: 'green' },
      inputs: { word: { jobInputType: 'literal', value: '1e-3' } },
      outputs: { trained: { jobOutputType: 'uri_folder', uri: 'azureml://jobs/first/outputs/trained' } },
      properties: { 'terroir.environment': 'own:1', 'terroir.exitCode': '0' },
    });
    expect((await azure.sandbox.run(['runs', 'logs', 'first'])).stdout).toBe('1e-3 green\n');
    expect(await azure.sandbox.json(['runs', 'show', 'first'])).toMatchObject({ createdBy: 'contributor' });
  });

  it('are the same job, sent again, and no other one', async () => {
    const job = { command: 'echo once', tags: { a: 'b' } };
    const [one, two] = await Promise.all([submit('again', job), submit('again', job)]);
    expect(one.systemData?.createdAt).toEqual(two.systemData?.createdAt);
    await ended('again');
    expect((await submit('again', job)).systemData?.createdAt).toEqual(one.systemData?.createdAt);
    expect(await failureOf(submit('again', { ...job, command: 'echo twice' }))).toMatchObject({
      statusCode: 409,
      code: 'ALREADY_EXISTS',
    });
    const shown = await client.jobs.get(group, 'team', 'again');
    expect((shown.properties as CommandJob).command).toBe('echo once');
    expect((await listed()).filter((name) => name === 'again')).toHaveLength(1);
  });

  it('run in an environment without a name, which is registered first and in no list', async () => {
    const properties: EnvironmentVersion['properties'] = { image: 'docker.io/library/debian:13', isAnonymous: true };
    const register = (name: string, version: string) =>
      client.environmentVersions.createOrUpdate(group, 'team', name, version, { properties });
    const made = await register('CliV2AnonymousEnvironment', 'a-hash-of-the-client');
    expect(made.id).toMatch(/\/environments\/CliV2AnonymousEnvironment\/versions\/[0-9a-f]{32}$/);
    expect(made.properties).toMatchObject({ isAnonymous: true, image: 'docker.io/library/debian:13' });
    expect(await register('whatever', '1')).toEqual(made);
    const version = made.name ?? '';
    expect(await client.environmentVersions.get(group, 'team', 'CliV2AnonymousEnvironment', version)).toEqual(made);
    expect(await register('CliV2AnonymousEnvironment', version)).toEqual(made);
    const containers: unknown[] = [];
    for await (const { name } of client.environmentContainers.list(group, 'team', { listViewType: 'All' }))
      containers.push(name);
    expect(containers).toEqual(['own']);
    const job = await submit('unnamed', { environmentId: made.id, resources: undefined });
    expect(job.properties).toMatchObject({ environmentId: made.id });
    await client.jobs.beginCancelAndWait(group, 'team', 'unnamed').catch(() => undefined);
    await ended('unnamed');
  });

  it.each([
    ['a reference', 'azureml:own:1'],
    ['the latest one', `${base}/environments/own/labels/latest`],
    ['a resource id that is written in another way', own.toLowerCase().replace('microsoft', 'Microsoft')],
    ['azureml:// and the path', 'azureml:own@latest'],
  ])('name their environment by %s', async (title, environmentId) => {
    const name = `ref-${title.length}`;
    const { properties } = await submit(name, { environmentId });
    expect(properties).toMatchObject({ environmentId: own });
    await ended(name);
  });

  it('are cancelled, and then over', async () => {
    await submit('long', { command: 'sleep 60' });
    while ((await client.jobs.get(group, 'team', 'long')).properties.status !== 'Running') await sleep(50);
    await client.jobs.beginCancelAndWait(group, 'team', 'long', { updateIntervalInMs: 100 });
    expect((await client.jobs.get(group, 'team', 'long')).properties.status).toBe('Canceled');
    expect(await failureOf(client.jobs.beginCancelAndWait(group, 'team', 'long'))).toMatchObject({
      statusCode: 409,
      code: 'FINISHED',
    });
  });

  it('end when their time is over', async () => {
    await submit('late', { command: 'sleep 60', limits: { jobLimitsType: 'Command', timeout: 'PT1S' } });
    expect((await ended('late')).status).toBe('Failed');
  });

  it('are listed newest first, by kind and by tag', async () => {
    const all = await listed();
    expect(all.indexOf('late')).toBeLessThan(all.indexOf('first'));
    expect(await listed({ tag: 'team=green' })).toEqual(['first']);
    expect(await listed({ tag: 'team' })).toEqual(['first']);
    expect(await listed({ tag: 'team=red' })).toEqual([]);
    expect(await listed({ jobType: 'Pipeline' })).toEqual([]);
    expect(await listed({ listViewType: 'ArchivedOnly' })).toEqual([]);
  });

  it('leave models, with the environment that trained them', async () => {
    const put = (name: string, version: string, properties: object) =>
      client.modelVersions.createOrUpdate(group, 'team', name, version, { properties });
    const modelUri = 'azureml://jobs/first/outputs/artifacts/paths/outputs/model';
    const given = { modelUri, modelType: 'custom_model', description: 'of flowers', tags: { of: 'first' } };
    const made = await put('m', '1', given);
    expect(made).toMatchObject({
      id: `${base}/models/m/versions/1`,
      properties: {
        ...given,
        jobName: 'first',
        properties: { 'terroir.environment': 'own:1', 'terroir.environmentId': own },
      },
    });
    expect(await put('m', '1', given)).toEqual(made);
    expect(await put('m', '1', made.properties)).toEqual(made);
    expect(await client.modelVersions.get(group, 'team', 'm', '1')).toEqual(made);
    expect(await failureOf(put('m', '1', { ...given, tags: {} }))).toMatchObject({ code: 'MODEL_EXISTS' });
    await put('m', '2', { modelUri: 'azureml://jobs/first/outputs/trained' });
    const versions: unknown[] = [];
    for await (const page of client.modelVersions.list(group, 'team', 'm', { top: 1 }).byPage())
      versions.push(page.map(({ name }) => name));
    expect(versions).toEqual([['2'], ['1']]);
    const tagged: unknown[] = [];
    for await (const { name } of client.modelVersions.list(group, 'team', 'm', { tags: 'of=first' })) tagged.push(name);
    expect(tagged).toEqual(['1']);
    const models: unknown[] = [];
    for await (const { name, properties } of client.modelContainers.list(group, 'team'))
      models.push([name, properties.latestVersion, properties.nextVersion]);
    expect(models).toEqual([['m', '2', '3']]);
    expect((await client.modelContainers.get(group, 'team', 'm')).properties.latestVersion).toBe('2');
    const shown = await azure.sandbox.json(['model', 'show', 'm:1']);
    expect(shown).toMatchObject({ environment: { name: 'own', version: '1' } });
  });

  const modelOf = (modelUri: string, more: object = {}) =>
    client.modelVersions.createOrUpdate(group, 'team', 'bad', '1', { properties: { modelUri, ...more } });
  it.each<[string, () => Promise<unknown>, number, string, RegExp]>([
    ['a pipeline', () => submit('x', { jobType: 'Pipeline' as 'Command' }), 422, 'UNSUPPORTED_FEATURE', /Pipeline/],
    [
      'code in a storage account',
      () => submit('x', { codeId: `${base}/codes/c/versions/1` }),
      422,
      'UNSUPPORTED_FEATURE',
      /codeId/,
    ],
    ['a component', () => submit('x', { componentId: 'c' }), 422, 'UNSUPPORTED_FEATURE', /componentId/],
    [
      'several processes',
      () => submit('x', { distribution: { distributionType: 'Mpi', processCountPerInstance: 2 } }),
      422,
      'UNSUPPORTED_FEATURE',
      /distribution/,
    ],
    [
      'another identity',
      () => submit('x', { identity: { identityType: 'UserIdentity' } }),
      422,
      'UNSUPPORTED_FEATURE',
      /identity/,
    ],
    [
      'data in a storage account',
      () => submit('x', { inputs: { data: { jobInputType: 'uri_folder', uri: 'azureml://datastores/d/paths/x' } } }),
      422,
      'UNSUPPORTED_FEATURE',
      /inputs\.data/,
    ],
    ['two machines', () => submit('x', { resources: { instanceCount: 2 } }), 400, 'UNSUPPORTED_KEY', /instance_count/],
    ['no such compute', () => submit('x', { computeId: `${base}/computes/box` }), 400, 'UNSUPPORTED_KEY', /box/],
    [
      'a time that is none',
      () => submit('x', { limits: { jobLimitsType: 'Command', timeout: 'P1M' } }),
      400,
      'USAGE',
      /timeout/,
    ],
    ['an input that is not there', () => submit('x', { command: '${{inputs.no}}' }), 422, 'INVALID_JOB', /no/],
    [
      'no such environment',
      () => submit('x', { environmentId: `${base}/environments/none/versions/1` }),
      404,
      'ENVIRONMENT_NOT_FOUND',
      /none/,
    ],
    [
      'another workspace’s environment',
      () => submit('x', { environmentId: own.replace('/workspaces/team/', '/workspaces/other/') }),
      404,
      'WORKSPACE_NOT_FOUND',
      /other/,
    ],
    ['a name that climbs', () => submit('..%2f..%2fx', {}), 422, 'INVALID_NAME', /name/],
    ['a name of a build', () => submit('build_x', {}), 422, 'INVALID_NAME', /build_x/],
    ['an archived job', () => submit('first', { isArchived: true }), 422, 'UNSUPPORTED_FEATURE', /isArchived/],
    ['a job that is not there', () => client.jobs.get(group, 'team', 'nobody'), 404, 'RUN_NOT_FOUND', /nobody/],
    ['the beginning of a job', () => client.jobs.get(group, 'team', 'fir'), 404, 'RUN_NOT_FOUND', /fir/],
    [
      'deleting a job',
      () => client.jobs.beginDeleteAndWait(group, 'team', 'first'),
      422,
      'UNSUPPORTED_FEATURE',
      /first/,
    ],
    [
      'a model of a storage account',
      () => modelOf('azureml://datastores/d/paths/m'),
      422,
      'UNSUPPORTED_FEATURE',
      /job/,
    ],
    ['a model of no job', () => modelOf('azureml://jobs/none/outputs/o'), 404, 'RUN_NOT_FOUND', /none/],
    ['a model of no output', () => modelOf('azureml://jobs/first/outputs/none'), 404, 'FILE_NOT_FOUND', /none/],
    ['a model that climbs', () => modelOf('runs:/first/../../../workspace.db'), 404, 'FILE_NOT_FOUND', /workspace/],
    [
      'an archived model',
      () => modelOf('runs:/first/outputs/model', { isArchived: true }),
      422,
      'UNSUPPORTED_FEATURE',
      /archived/,
    ],
    [
      'a model that is not there',
      () => client.modelVersions.get(group, 'team', 'm', '9'),
      404,
      'MODEL_NOT_FOUND',
      /m:9/,
    ],
    ['no such model', () => client.modelContainers.get(group, 'team', 'no'), 404, 'MODEL_NOT_FOUND', /no/],
    ['deleting a model', () => client.modelVersions.delete(group, 'team', 'm', '1'), 422, 'UNSUPPORTED_FEATURE', /m:1/],
    [
      'a datastore',
      () => client.datastores.get(group, 'team', 'workspaceblobstore'),
      422,
      'UNSUPPORTED_FEATURE',
      /storage/,
    ],
    ['code to keep', () => client.codeVersions.get(group, 'team', 'c', '1'), 422, 'UNSUPPORTED_FEATURE', /storage/],
    ['computes', () => client.computeOperations.get(group, 'team', 'box'), 404, 'ROUTE_NOT_FOUND', /computes/],
    [
      'a reader who submits',
      () =>
        azure.clientFor(azure.tokens.reader).jobs.createOrUpdate(group, 'team', 'x', {
          properties: { jobType: 'Command', command: 'true', environmentId: own } as CommandJob,
        }),
      403,
      'PERMISSION_DENIED',
      /contributor/,
    ],
  ])('are refused with %s, in Azure’s envelope', async (_title, ask, statusCode, code, message) => {
    expect(await failureOf(ask())).toMatchObject({
      statusCode,
      code,
      details: { error: { code, message: expect.stringMatching(message) as string } },
    });
    expect(await listed()).not.toContain('x');
  });
});
