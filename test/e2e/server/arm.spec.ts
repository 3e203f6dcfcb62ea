import type { AzureMachineLearningWorkspaces, EnvironmentVersion } from '@azure/arm-machinelearning';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AzureServer, startAzureServer } from '../../kit/azure-server.ts';
import type { Sandbox } from '../../kit/sandbox.ts';

const group = 'science';
const conda = 'name: whatever\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.12\n  - numpy=2.1\n';
const image = 'docker.io/library/debian:13';
const routes = {
  livenessRoute: { path: '/live', port: 5001 },
  readinessRoute: { path: '/ready', port: 5001 },
  scoringRoute: { path: '/score', port: 5001 },
};

describe('Azure’s own client for JavaScript, over https', () => {
  let azure: AzureServer;
  let sandbox: Sandbox;
  beforeAll(async () => {
    azure = await startAzureServer();
    ({ sandbox } = azure);
  });
  afterAll(() => azure.close());

  const client = (): AzureMachineLearningWorkspaces => azure.clientFor(azure.tokens.contributor);
  const put = (name: string, version: string, properties: EnvironmentVersion['properties']) =>
    client().environmentVersions.createOrUpdate(group, 'team', name, version, { properties });
  const get = (name: string, version: string) => client().environmentVersions.get(group, 'team', name, version);
  const versionsOf = async (name: string, listViewType?: string): Promise<(string | undefined)[]> => {
    const found: (string | undefined)[] = [];
    for await (const { name: version } of client().environmentVersions.list(group, 'team', name, { listViewType }))
      found.push(version);
    return found;
  };
  const containers = async (listViewType?: string): Promise<(string | undefined)[]> => {
    const found: (string | undefined)[] = [];
    for await (const { name } of client().environmentContainers.list(group, 'team', { listViewType })) found.push(name);
    return found;
  };

  it('registers, shows and describes a version, which the command line sees too', async () => {
    const made = await put('iris', '1', {
      image,
      condaFile: conda,
      description: 'of flowers',
      tags: { team: 'green' },
      inferenceConfig: routes,
    });
    expect(made).toMatchObject({
      id: '/subscriptions/any-subscription/resourceGroups/science/providers/Microsoft.MachineLearningServices/workspaces/team/environments/iris/versions/1',
      name: '1',
      type: 'Microsoft.MachineLearningServices/workspaces/environments/versions',
      systemData: { createdBy: 'contributor', createdByType: 'User' },
      properties: {
        condaFile: conda,
        image,
        description: 'of flowers',
        tags: { team: 'green' },
        environmentType: 'UserCreated',
        isAnonymous: false,
        isArchived: false,
        osType: 'Linux',
        inferenceConfig: routes,
      },
    });
    expect(made.systemData?.createdAt).toBeInstanceOf(Date);
    expect(await get('iris', '1')).toEqual(made);
    const shown = await sandbox.json<{ definition: { image: string }; createdBy: string; tags: object }>([
      'env',
      'show',
      'iris:1',
    ]);
    expect(shown).toMatchObject({ createdBy: 'contributor', tags: { team: 'green' } });
  });

  it('changes description and tags, nothing else, and takes back what it gave', async () => {
    const shown = await get('iris', '1');
    expect(await put('iris', '1', shown.properties)).toEqual(shown);
    const changed = await put('iris', '1', { ...shown.properties, description: 'new', tags: { a: 'b' } });
    expect(changed.properties).toMatchObject({ description: 'new', tags: { a: 'b' } });
    await expect(put('iris', '1', { ...shown.properties, image: 'docker.io/library/debian:12' })).rejects.toMatchObject(
      {
        statusCode: 409,
        code: 'VERSION_EXISTS',
      },
    );
    expect((await get('iris', '1')).properties.image).toBe(image);
  });

  it('takes what the command line registered', async () => {
    await sandbox.write('both.yml', 'name: both\nimage: debian:13\nrequirements: [alpha==1]\n');
    await sandbox.json(['env', 'create', 'both.yml']);
    const shown = await get('both', '1');
    expect(shown.properties.image).toContain('debian:13');
    expect(await put('both', '1', { ...shown.properties, tags: { seen: 'yes' } })).toMatchObject({
      properties: { tags: { seen: 'yes' } },
    });
    expect(await versionsOf('both')).toEqual(['1']);
  });

  it('lists page by page, with what is archived on demand', async () => {
    for (const version of ['1', '2', '3', '4', '5']) await put('pages', version, { image: `debian:${version}` });
    expect(await versionsOf('pages')).toEqual(['5', '4', '3', '2', '1']);
    const pages: (string | undefined)[][] = [];
    const listed = client().environmentVersions.list(group, 'team', 'pages', { top: 2 });
    for await (const page of listed.byPage()) pages.push(page.map(({ name }) => name));
    expect(pages).toEqual([['5', '4'], ['3', '2'], ['1']]);

    await put('pages', '4', { image: 'debian:4', isArchived: true });
    expect(await versionsOf('pages')).toEqual(['5', '3', '2', '1']);
    expect(await versionsOf('pages', 'ArchivedOnly')).toEqual(['4']);
    expect(await versionsOf('pages', 'All')).toEqual(['5', '4', '3', '2', '1']);
    expect((await get('pages', '4')).properties.isArchived).toBe(true);
    await put('pages', '4', { image: 'debian:4' });
    expect(await versionsOf('pages')).toEqual(['5', '4', '3', '2', '1']);
  });

  it('archives, restores and shows whole environments', async () => {
    await put('hidden', '1', { image });
    const { environmentContainers } = client();
    const archived = await environmentContainers.createOrUpdate(group, 'team', 'hidden', {
      properties: { isArchived: true },
    });
    expect(archived).toMatchObject({ name: 'hidden', properties: { isArchived: true, latestVersion: '1' } });
    expect(await containers()).not.toContain('hidden');
    expect(await containers('ArchivedOnly')).toEqual(['hidden']);
    await environmentContainers.createOrUpdate(group, 'team', 'hidden', { properties: { isArchived: false } });
    expect(await containers()).toContain('hidden');
    expect(await environmentContainers.get(group, 'team', 'hidden')).toMatchObject({
      type: 'Microsoft.MachineLearningServices/workspaces/environments',
      properties: { isArchived: false, latestVersion: '1', nextVersion: '2' },
    });
  });

  it('deletes, which may be asked for twice', async () => {
    await put('gone', '1', { image });
    await put('gone', '2', { image, condaFile: conda });
    const { environmentContainers, environmentVersions } = client();
    await environmentVersions.delete(group, 'team', 'gone', '1');
    await environmentVersions.delete(group, 'team', 'gone', '1');
    expect(await versionsOf('gone')).toEqual(['2']);
    await environmentContainers.delete(group, 'team', 'gone');
    await environmentContainers.delete(group, 'team', 'gone');
    await expect(environmentContainers.get(group, 'team', 'gone')).rejects.toMatchObject({ statusCode: 404 });
    expect(await containers('All')).not.toContain('gone');
  });

  it('deletes all of an environment or nothing', async () => {
    await sandbox.write('used.yml', 'name: used\npython: {user_managed: true}\n');
    await sandbox.json(['env', 'create', 'used.yml']);
    expect(await sandbox.run(['run', '--env', 'used:1', '--', 'true'])).toMatchObject({ exitCode: 0 });
    await put('used', '2', { image });
    await expect(client().environmentContainers.delete(group, 'team', 'used')).rejects.toMatchObject({
      statusCode: 409,
      code: 'IN_USE',
    });
    expect(await versionsOf('used')).toEqual(['2', '1']);
  });

  it('knows the workspace by its name', async () => {
    expect(await client().workspaces.get(group, 'team')).toMatchObject({
      name: 'team',
      provisioningState: 'Succeeded',
    });
    await expect(client().workspaces.get(group, 'other')).rejects.toMatchObject({
      statusCode: 404,
      code: 'WORKSPACE_NOT_FOUND',
    });
  });

  it.each<[string, () => Promise<unknown>, number, string, RegExp]>([
    ['an environment that is not there', () => get('nobody', '1'), 404, 'ENVIRONMENT_NOT_FOUND', /nobody/],
    ['the list of one', () => versionsOf('nobody'), 404, 'ENVIRONMENT_NOT_FOUND', /nobody/],
    ['a reserved name', () => put('AzureML-x', '1', { image }), 422, 'RESERVED_NAME', /AzureML/],
    [
      'a conda file that is none',
      () => put('bad', '1', { image, condaFile: 'x: [' }),
      422,
      'INVALID_DEFINITION',
      /conda/,
    ],
    [
      'a build context in a storage account',
      () => put('bad', '1', { build: { contextUri: 'https://storage/x' } }),
      422,
      'UNSUPPORTED_FEATURE',
      /context/,
    ],
    ['nothing at all', () => put('bad', '1', {}), 422, 'INVALID_DEFINITION', /./],
    [
      'a reader who writes',
      () =>
        azure
          .clientFor(azure.tokens.reader)
          .environmentVersions.createOrUpdate(group, 'team', 'x', '1', { properties: { image } }),
      403,
      'PERMISSION_DENIED',
      /contributor/,
    ],
    ['a wrong token', () => azure.clientFor('wrong').workspaces.get(group, 'team'), 401, 'UNAUTHORIZED', /token/],
  ])('says what is wrong with %s, in Azure’s envelope', async (_title, ask, statusCode, code, message) => {
    const failure = await ask().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      statusCode,
      code,
      details: { error: { code, message: expect.stringMatching(message) as string, details: [] } },
    });
  });
});
