import type { WarningCode } from '../read-result.ts';
import type { CheckRule } from './finding.ts';

/** What is told while a definition is read, by whoever reads it; here with an explanation. */
function told(rule: { code: WarningCode } & Pick<CheckRule, 'title' | 'explanation' | 'example' | 'azure'>): CheckRule {
  return {
    ...rule,
    severity: 'warning',
    run: ({ warnings }) =>
      warnings
        .filter(({ code }) => code === rule.code)
        .map(({ position, message, hint }) => ({ path: [], position, message, help: hint })),
  };
}

/** Rules that every use of a definition tells as notes, too. */
export const readingRules: readonly CheckRule[] = [
  told({
    code: 'meaningless-key',
    title: 'Key without a meaning here',
    explanation:
      'Azure ML’s tools write the key when they show an environment, or need it to store one. It says nothing about what the environment is, and is left out.',
    example: 'datastore: azureml:workspaceblobstore',
  }),
  told({
    code: 'names-no-package',
    title: 'Requirements file without a package',
    explanation: 'The environment will have Python and nothing else.',
    example: '# numpy==2.3.5',
  }),
  told({
    code: 'editable-install',
    title: 'Editable install',
    explanation:
      'A version is content: the project is built from its files as they are at registration, and later changes of the folder are a new version.',
    example: '-e .',
  }),
  told({
    code: 'local-find-links',
    title: 'Folder of one machine',
    explanation:
      'What is in the folder is not part of the version, so other machines, and this one tomorrow, may find other files there, or none.',
    example: '--find-links /data/wheels',
  }),
  told({
    code: 'left-out-of-lock-file',
    title: 'Part of a lock file that is left out',
    explanation: 'The lock file of another tool lists something that has no place in a lock here.',
    example: '# pip tool @ https://example.com/tool.whl  # in an @EXPLICIT file',
  }),
  told({
    code: 'base-conda-environment',
    title: 'Environment on top of another one',
    explanation:
      '`baseCondaEnvironment` names an environment in the base image that the packages would be added to. Azure ML advises against it, because updates of a part lead to conflicts. It is not read: all that is needed belongs into the conda file.',
    example: '"baseCondaEnvironment": "base"',
    azure: true,
  }),
  told({
    code: 'databricks-libraries',
    title: 'Libraries for Databricks',
    explanation: 'Only a cluster of Databricks installs them; they are no part of the environment.',
    example: '"databricks": { "pypiLibraries": [{ "package": "numpy" }] }',
  }),
];
