import { expect, test } from 'vitest';
import { createAddressOf, workspaceId } from './address.ts';
import { uploadedJobOf } from './command-job.ts';
import { CommandJobProperties } from './job-requests.ts';

const addressOf = createAddressOf('team');
const workspace = workspaceId({ subscription: 's', group: 'g', workspace: 'team' });
const jobOf = (properties: object): Record<string, unknown> => {
  const given = { command: 'true', environmentId: 'azureml:iris:3', ...properties };
  return JSON.parse(uploadedJobOf(CommandJobProperties.parse(given), addressOf).job ?? '') as Record<string, unknown>;
};

test.each<[object, object]>([
  [{ environmentId: `${workspace}/environments/iris/versions/18.04%3A2022` }, { environment: 'iris:18.04:2022' }],
  [{ environmentId: `azureml:${workspace}/environments/iris/labels/latest` }, { environment: 'iris@latest' }],
  [{ environmentId: `${workspace}/environments/iris` }, { environment: 'iris' }],
  [{ computeId: `${workspace}/computes/box` }, { compute: 'box' }],
  [{ computeId: 'box' }, { compute: 'box' }],
  [{ limits: { timeout: 'PT2M' } }, { limits: { timeout: 120 } }],
  [{ computeId: 'docker', resources: { shmSize: '2g' } }, { resources: { shm_size: '2g' } }],
  [{ outputs: { o: null } }, { outputs: { o: { type: 'uri_folder' } } }],
])('%j', (properties, expected) => {
  expect(jobOf(properties)).toMatchObject(expected);
});

test.each<object>([
  { computeId: '' },
  { computeId: 'serverless' },
  { resources: { shmSize: '2g', instanceCount: null, instanceType: '', locations: [] } },
  { services: {}, distribution: null, queueSettings: null, codeId: null, identity: { identityType: 'AMLToken' } },
  { inputs: {}, outputs: {}, limits: null, environmentVariables: null, tags: null },
])('%j says nothing', (properties) => {
  expect(jobOf(properties)).toEqual(jobOf({}));
});

test.each<[object, string]>([
  [{ outputs: { o: { jobOutputType: 'uri_folder', uri: 'azureml://datastores/d/paths/o' } } }, 'UNSUPPORTED_FEATURE'],
  [{ services: { jupyter: { jobServiceType: 'JupyterLab' } } }, 'UNSUPPORTED_FEATURE'],
  [{ queueSettings: { jobTier: 'Spot' } }, 'UNSUPPORTED_FEATURE'],
  [{ identity: { identityType: 'Managed' } }, 'UNSUPPORTED_FEATURE'],
  [{ limits: { timeout: '1h' } }, 'USAGE'],
  [{ computeId: '/subscriptions/s/resourceGroups/g/x/workspaces/other/computes/box' }, 'WORKSPACE_NOT_FOUND'],
  [{ environmentId: `${workspace.replace('team', 'other')}/environments/iris/versions/1` }, 'WORKSPACE_NOT_FOUND'],
  [{ environmentId: `${workspace}/environments/iris/versions/%ff` }, 'USAGE'],
])('%j is refused', (properties, code) => {
  expect(() => jobOf(properties)).toThrow(expect.objectContaining({ code }));
});
