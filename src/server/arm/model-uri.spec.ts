import { expect, test } from 'vitest';
import { modelUri, readModelUri } from './model-uri.ts';

test.each([
  ['azureml://jobs/j/outputs/artifacts/paths/outputs/model', 'outputs/model'],
  ['azureml://jobs/j/outputs/artifacts/paths/outputs/model/', 'outputs/model'],
  ['azureml://jobs/j/outputs/trained', 'outputs/trained'],
  ['azureml://jobs/j/outputs/trained/paths/a//b', 'outputs/trained/a/b'],
  [
    'azureml://subscriptions/s/resourcegroups/g/workspaces/w/jobs/j/outputs/trained/paths/m.pkl',
    'outputs/trained/m.pkl',
  ],
  ['runs:/j/outputs/m', 'outputs/m'],
])('%s', (uri, path) => {
  expect(readModelUri(uri)).toEqual({ run: 'j', path });
});

test('what is written is read again', () => {
  const source = { run: 'brisk_otter_k3f9w', path: 'outputs/a b/m' };
  expect(readModelUri(modelUri(source))).toEqual(source);
});

test.each(['azureml://datastores/d/paths/m', './model', 'azureml://jobs/j/outputs/artifacts', 'https://host/m'])(
  '%s is refused',
  (uri) => {
    expect(() => readModelUri(uri)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }));
  },
);
