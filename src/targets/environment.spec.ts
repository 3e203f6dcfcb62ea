import { describe, expect, test } from 'vitest';
import { cleanEnvironment, runVariables } from './index.ts';

const caller = {
  HOME: '/home/me',
  PATH: '/usr/bin:/bin',
  LANG: 'C.UTF-8',
  HTTPS_PROXY: 'http://proxy:3128',
  PYTHONPATH: '/evil',
  PYTHONHOME: '/evil',
  PYTHONHASHSEED: '0',
  VIRTUAL_ENV: '/venv',
  CONDA_PREFIX: '/conda',
  CONDA_DEFAULT_ENV: 'base',
  _CE_CONDA: '',
  LD_LIBRARY_PATH: '/lib',
  BASH_ENV: '/evil.sh',
  'BASH_FUNC_ls%%': '() { :; }',
  AZUREML_RUN_ID: 'outer',
  TERROIR_RUN_ID: 'outer',
  TERROIR_HOME: '/store',
  UNSET: undefined,
};

describe('the environment of a run', () => {
  test('is the caller’s without what would make it another one', () => {
    const { env, removed } = cleanEnvironment({ callerEnv: caller, binFolder: '/prefix/bin' });
    expect(env).toEqual({
      HOME: '/home/me',
      LANG: 'C.UTF-8',
      HTTPS_PROXY: 'http://proxy:3128',
      TERROIR_HOME: '/store',
      PATH: '/prefix/bin:/usr/bin:/bin',
      PYTHONNOUSERSITE: '1',
      PYTHONUNBUFFERED: '1',
    });
    expect(removed).toEqual([
      'AZUREML_RUN_ID',
      'BASH_ENV',
      'BASH_FUNC_ls%%',
      'CONDA_DEFAULT_ENV',
      'CONDA_PREFIX',
      'LD_LIBRARY_PATH',
      'PYTHONHASHSEED',
      'PYTHONHOME',
      'PYTHONPATH',
      'TERROIR_RUN_ID',
      'VIRTUAL_ENV',
      '_CE_CONDA',
    ]);
  });

  test('the job wins over the definition, the definition over the caller, facts over all', () => {
    const { env, removed } = cleanEnvironment({
      callerEnv: { A: 'caller', B: 'caller', C: 'caller', PYTHONPATH: '/caller' },
      binFolder: '/p/bin',
      definitionVariables: {
        B: 'definition',
        C: 'definition',
        PYTHONPATH: '/mine',
        PYTHONUNBUFFERED: '',
        PATH: '/opt/tool',
      },
      jobVariables: { C: 'job', TERROIR_RUN_ID: 'fake' },
      runVariables: { TERROIR_RUN_ID: 'real' },
    });
    expect(env).toEqual({
      A: 'caller',
      B: 'definition',
      C: 'job',
      PYTHONPATH: '/mine',
      PYTHONNOUSERSITE: '1',
      PYTHONUNBUFFERED: '',
      TERROIR_RUN_ID: 'real',
      PATH: '/p/bin:/opt/tool',
    });
    expect(removed).toEqual(['PYTHONPATH']);
  });

  test.each([
    [undefined, { PATH: '/usr/bin' }, '/usr/bin'],
    ['/p/bin', {}, '/p/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ['/p/bin', { PATH: '' }, '/p/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  ])('PATH with %s and %j', (binFolder, callerEnv, expected) => {
    expect(cleanEnvironment({ callerEnv, binFolder }).env.PATH).toBe(expected);
  });

  test('what tells a script of its run', () => {
    expect(
      runVariables({
        runId: 'r1',
        experimentName: 'iris',
        environment: { name: 'sk', version: '3' },
        outputsFolder: '/w/runs/r1/outputs',
        inputs: { data: '/d.csv' },
        outputs: { model: '/w/runs/r1/outputs/model' },
      }),
    ).toEqual({
      TERROIR_RUN_ID: 'r1',
      TERROIR_ENVIRONMENT: 'sk:3',
      TERROIR_OUTPUTS: '/w/runs/r1/outputs',
      AZUREML_RUN_ID: 'r1',
      AZUREML_EXPERIMENT_NAME: 'iris',
      AZURE_ML_INPUT_data: '/d.csv',
      AZURE_ML_OUTPUT_model: '/w/runs/r1/outputs/model',
    });
  });
});
