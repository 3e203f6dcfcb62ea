import { describe, expect, test } from 'vitest';
import { parseYaml } from '../documents/index.ts';
import { isAppError } from '../errors/index.ts';
import { CommandJob } from '../schema/index.ts';
import { type ReadJobOptions, readJob } from './index.ts';

const folder = '/home/me/project/jobs';

function read(text: string, options: Partial<ReadJobOptions> = {}): CommandJob {
  const job = readJob({ path: 'job.yml', text }, { folder, cwd: '/home/me', ...options });
  return CommandJob.parse(job);
}

const minimal = 'command: python train.py\nenvironment: iris:1\n';

function errorOf(
  text: string,
  options: Partial<ReadJobOptions> = {},
): { code: string; message: string; hint: string | undefined } {
  try {
    read(text, options);
  } catch (error) {
    if (isAppError(error)) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error('it was read without an error');
}

describe('a job', () => {
  test('as Azure ML’s documents write one', () => {
    const job = read(`$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
type: command
code: src
command: >-
  python main.py
  --iris-csv \${{inputs.iris_csv}}
  --learning-rate \${{inputs.learning_rate}}
  --boosting \${{inputs.boosting}}
inputs:
  iris_csv:
    type: uri_file
    path: ../data/iris.csv
    mode: download
  learning_rate: 0.9
  boosting: "gbdt"
outputs:
  model:
    type: mlflow_model
environment: azureml:AzureML-lightgbm@latest
environment_variables:
  OMP_NUM_THREADS: 4
  API_TOKEN: secret:MY_TOKEN
compute: azureml:local
display_name: lightgbm-iris-example
experiment_name: lightgbm-iris-example
description: Train a LightGBM model on the Iris dataset.
tags: {owner: me, version: 1.10}
limits:
  timeout: 3600
resources:
  instance_count: 1
`);
    expect(job).toEqual({
      displayName: 'lightgbm-iris-example',
      experimentName: 'lightgbm-iris-example',
      description: 'Train a LightGBM model on the Iris dataset.',
      tags: { owner: 'me', version: '1.10' },
      command:
        'python main.py --iris-csv ${{inputs.iris_csv}} --learning-rate ${{inputs.learning_rate}} --boosting ${{inputs.boosting}}',
      code: '/home/me/project/jobs/src',
      environment: { kind: 'reference', reference: 'azureml:AzureML-lightgbm@latest' },
      environmentVariables: {
        OMP_NUM_THREADS: { kind: 'literal', value: '4' },
        API_TOKEN: { kind: 'secret', variable: 'MY_TOKEN' },
      },
      inputs: {
        iris_csv: {
          kind: 'path',
          type: 'uri_file',
          path: '/home/me/project/data/iris.csv',
          written: '../data/iris.csv',
          mode: 'download',
        },
        learning_rate: { kind: 'literal', value: 0.9 },
        boosting: { kind: 'literal', value: 'gbdt' },
      },
      outputs: { model: { type: 'mlflow_model' } },
      compute: 'local',
      timeout: 3600,
    });
  });

  test('of two lines', () => {
    expect(read(minimal)).toEqual({
      tags: {},
      command: 'python train.py',
      environment: { kind: 'reference', reference: 'iris:1' },
      environmentVariables: {},
      inputs: {},
      outputs: {},
    });
  });

  test('with Windows line ends, a byte order mark and keys without values', () => {
    const job = read(
      `\uFEFF${minimal}command2:\n`
        .replace('command2:\n', 'code:\ninputs:\noutputs:\n  model:\ndistribution:\ntags:\n')
        .replaceAll('\n', '\r\n'),
    );
    expect(job).toMatchObject({ command: 'python train.py', outputs: { model: { type: 'uri_folder' } } });
  });

  test.each<[string, string | number | boolean]>([
    ['1e-3', '1e-3'],
    ['1.10', '1.10'],
    ['0.5', 0.5],
    ['007', '007'],
    ['true', true],
    ['True', 'True'],
    ['"yes"', 'yes'],
    ["''", ''],
    ['2024-01-01', '2024-01-01'],
    ['null_model', 'null_model'],
  ])('the literal %s is inserted as it is written', (text, value) => {
    expect(read(`${minimal}inputs:\n  x: ${text}\n`).inputs.x).toEqual({ kind: 'literal', value });
  });

  test('typed and optional inputs', () => {
    const job = read(`${minimal}inputs:
  epochs: {type: integer, default: 3, min: 1, max: 10}
  rate: {type: number, value: 1e-2}
  kind: {type: string, default: a, enum: [a, b]}
  verbose: {type: boolean, optional: true}
  extra: {type: uri_file, optional: true}
  plain: {value: text}
  folder: {path: data}
`);
    expect(job.inputs).toEqual({
      epochs: { kind: 'literal', value: 3 },
      rate: { kind: 'literal', value: '1e-2' },
      kind: { kind: 'literal', value: 'a' },
      plain: { kind: 'literal', value: 'text' },
      folder: { kind: 'path', type: 'uri_folder', path: `${folder}/data`, written: 'data' },
    });
    expect(job.optionalInputs).toEqual(['verbose', 'extra']);
  });

  test.each([
    ['file:./env.yml', `${folder}/env.yml`],
    ['file:///opt/env.yml', '/opt/env.yml'],
    ['./env.yml', `${folder}/env.yml`],
    ['../envs/requirements.txt', '/home/me/project/envs/requirements.txt'],
    ['env.yaml', `${folder}/env.yaml`],
    ['iris', 'iris'],
    ['azureml:iris:3', 'azureml:iris:3'],
    ['iris:1.yml', 'iris:1.yml'],
    ['azureml://registries/r/environments/e/versions/1', 'azureml://registries/r/environments/e/versions/1'],
  ])('environment: %s', (text, reference) => {
    expect(read(`command: x\nenvironment: ${text}\n`).environment).toEqual({ kind: 'reference', reference });
  });

  test('outputs may have a place of their own', () => {
    const job = read(
      `${minimal}outputs:\n  here: {path: './out/\${{name}}', mode: rw_mount}\n  model: {type: custom_model}\n`,
    );
    expect(job.outputs).toEqual({
      here: { type: 'uri_folder', path: `${folder}/out/\${{name}}` },
      model: { type: 'custom_model' },
    });
  });
});

describe('an inline environment', () => {
  test('keeps its text, every character at its place', () => {
    const text = `command: x
environment:
  # why numpy
  image: debian:12   # the base
  conda_file:
    dependencies:
      - python=3.11
      - pip:
          - numpy ~= 1.26
compute: local
`;
    const { environment } = read(text);
    if (environment.kind !== 'inline') throw new Error('not inline');
    const lines = environment.source.split('\n');
    const all = text.split('\n');
    for (const at of [3, 4, 8]) expect(lines[at]).toBe(all[at]);
    expect(lines.slice(0, 3).join('').trim()).toBe('');
    expect(parseYaml({ path: 'job.yml', text: environment.source }, 'INVALID_DEFINITION').value).toEqual({
      image: 'debian:12',
      conda_file: { dependencies: ['python=3.11', { pip: ['numpy ~= 1.26'] }] },
    });
  });

  test.each([
    ['on one line', 'command: x\nenvironment: {image: "debian:12", requirements: [numpy]}\n'],
    [
      'with Windows line ends',
      'command: x\r\nenvironment:\r\n  image: debian:12\r\n  requirements:\r\n    - numpy\r\n',
    ],
    [
      'through an alias',
      'tags: {base: &base "debian:12"}\ncommand: x\nenvironment:\n  image: *base\n  requirements: [numpy]\n',
    ],
    ['at the end without a newline', 'command: x\nenvironment:\n  image: debian:12\n  requirements: [numpy]'],
  ])('%s', (_, text) => {
    const { environment } = read(text);
    if (environment.kind !== 'inline') throw new Error('not inline');
    expect(parseYaml({ path: 'job.yml', text: environment.source }, 'INVALID_DEFINITION').value).toEqual({
      image: 'debian:12',
      requirements: ['numpy'],
    });
  });

  test('its name is not used, which is noted', () => {
    expect(read('command: x\nenvironment: {name: mine, image: a}\n').notes).toEqual([
      expect.stringContaining('`name`'),
    ]);
  });
});

describe('what the caller sets', () => {
  const job = `${minimal}inputs:\n  data: {type: uri_file, path: a.csv}\n  trees: {type: integer, value: 3, max: 9}\n  free: 1\n  must: {type: string}\n`;

  test('inputs win, their paths from where the caller is', () => {
    expect(read(job, { inputs: { data: 'b.csv', trees: '7', free: 'x', must: 'y' } }).inputs).toEqual({
      data: { kind: 'path', type: 'uri_file', path: '/home/me/b.csv', written: 'b.csv' },
      trees: { kind: 'literal', value: '7' },
      free: { kind: 'literal', value: 'x' },
      must: { kind: 'literal', value: 'y' },
    });
  });

  test.each<[Record<string, string>, string, RegExp]>([
    [{ must: 'x', tree: '7' }, 'USAGE', /no input `tree`/],
    [{ must: 'x', trees: '70' }, 'USAGE', /at most 9/],
    [{ must: 'x', trees: 'many' }, 'USAGE', /whole number/],
    [{ must: 'x', data: 'https://x/y' }, 'USAGE', /not on this machine/],
    [{}, 'INVALID_JOB', /`must` has no value/],
  ])('%j', (inputs, code, message) => {
    expect(errorOf(job, { inputs })).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  test('environment and target win', () => {
    expect(read('command: x\n', { environment: 'other' }).environment).toEqual({
      kind: 'reference',
      reference: 'other',
    });
    const other = read(`${minimal}compute: azureml:gpu-cluster\n`, { target: 'local' });
    expect(other).toMatchObject({ compute: 'local', notes: [expect.stringContaining('azureml:gpu-cluster')] });
  });
});

describe('what is wrong is named, with its place', () => {
  test.each<[string, string, string]>([
    ['comand: x\nenvironment: a\n', '1:1: unknown key `comand` in a command job', 'Did you mean `command`?'],
    ['environment: a\n', '1:1: the job has no `command`', 'command: python'],
    ['command: x\n', '1:1: the job has no `environment`', '--env'],
    ['command: ""\nenvironment: a\n', '1:10: `command` is empty', ''],
    ['command: [python, x]\nenvironment: a\n', '1:10: `command` must be text, not a list', ''],
    [`${minimal}inputs:\n  x:\n`, 'the input `x` has no value', '--input x='],
    [`${minimal}inputs: [a]\n`, '`inputs` must be a map', ''],
    [`${minimal}inputs:\n  a-b: 1\n`, '4:3: `a-b` is no name for an input', 'letters'],
    [`${minimal}inputs:\n  x: {type: uri_fil, path: a}\n`, '4:13: `type` is `uri_fil`', 'Did you mean `uri_file`?'],
    [`${minimal}inputs:\n  x: {type: uri_file}\n`, 'has no `path`', '--input x='],
    [`${minimal}inputs:\n  x: {type: uri_file, path: a, pth: b}\n`, 'unknown key `pth`', 'Did you mean `path`?'],
    [
      `${minimal}inputs:\n  x: {type: integer, value: 1.5}\n`,
      '4:29: the value is `1.5`; it must be a whole number',
      '',
    ],
    [`${minimal}inputs:\n  x: {type: number, value: 5, max: 3}\n`, 'it must be at most 3', ''],
    [`${minimal}inputs:\n  x: {type: string, value: c, enum: [a, b]}\n`, 'it must be one of `a`, `b`', ''],
    [`${minimal}inputs:\n  x: {type: string, value: c, default: d}\n`, 'both `value` and `default`', ''],
    [
      'command: run ${{inputs.dta}}\nenvironment: a\ninputs: {data: 1}\n',
      '1:10: there is no input `dta`',
      'Did you mean `data`?',
    ],
    ['command: run ${{outputs.m}}\nenvironment: a\n', 'there is no output `m`', 'The job has no outputs'],
    [
      'command: run ${{input.data}}\nenvironment: a\ninputs: {data: 1}\n',
      '`${{input.data}}` is no placeholder',
      'Did you mean `${{inputs.data}}`?',
    ],
    [
      'command: run ${{inputs.x}}\nenvironment: a\ninputs:\n  x: {type: string, optional: true}\n',
      'the input `x` is optional',
      '$[[',
    ],
    [`${minimal}environment_variables:\n  A-B: x\n`, '`A-B` is no name for a variable', ''],
    [`${minimal}environment_variables:\n  A: "secret:"\n`, '`secret:` names no variable', ''],
    [`${minimal}environment_variables:\n  A: \${{inputs.x}}\n`, 'placeholders have no meaning in `A`', ''],
    [`${minimal}limits: {timeout: 0}\n`, '`timeout` must be at least 1', ''],
    [`${minimal}limits: {timeout: 1h}\n`, 'must be a whole number', ''],
    [`${minimal}limits: {time_out: 3}\n`, 'unknown key `time_out`', 'Did you mean `timeout`?'],
    [`${minimal}name: "a b"\n`, '`a b` is no name for a job', ''],
    [
      `${minimal}outputs:\n  m: {path: "out/\${{inputs.x}}"}\n`,
      'in the path of an output, there is no input `x`',
      'name',
    ],
    [
      'image: debian:12\nconda_file: conda.yml\n',
      '1:1: this is an environment file, not a job',
      'terroir run --env job.yml',
    ],
    ['- a\n- b\n', 'must be a map', ''],
    ['command: "x\n', '2:1: missing closing', ''],
  ])('%j: %s', (text, message, hint) => {
    const error = errorOf(text);
    expect(error.code).toBe('INVALID_JOB');
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^job\.yml:\d+:\d+: /);
    expect(`${error.message}\n${error.hint ?? ''}`).toContain(hint);
  });

  test('all at once, in their order', () => {
    const { message, code } = errorOf('comand: x\ninputs:\n  a:\nlimits: {timeout: -1}\ndistribution: {type: mpi}\n');
    expect(code).toBe('INVALID_JOB');
    const lines = message.split('\n').filter((line) => !line.startsWith('  hint: '));
    const places = lines.map((line) => /^(?:job\.yml:(\d+):|…)/.exec(line)?.slice(0, 2));
    expect(places.map((place) => place?.[1] ?? place?.[0])).toEqual(['1', '1', '1', '3', '4', '…']);
  });
});

describe('what only a container has', () => {
  test.each<[string, Partial<ReadJobOptions>]>([
    ['', {}],
    ['compute: docker\n', {}],
    ['compute: local\n', { target: 'docker' }],
    ['compute: box\n', { workers: ['box'] }],
  ])('is read where the run may come into one: %j', (compute, options) => {
    const job = read(`${minimal}${compute}resources: {shm_size: 8g, docker_args: '--env "A=b c" --ipc=host'}`, options);
    expect(job.container).toEqual({ shmSize: '8g', dockerArgs: ['--env', 'A=b c', '--ipc=host'] });
  });

  test('may be a list of words', () => {
    const { container } = read(`${minimal}resources: {docker_args: [--env, A=b c]}`);
    expect(container).toEqual({ shmSize: undefined, dockerArgs: ['--env', 'A=b c'] });
  });

  test('has quotes that end', () => {
    const { code, message, hint } = errorOf(`${minimal}resources: {docker_args: '--env "A=b c'}`);
    expect([code, message]).toEqual(['INVALID_JOB', expect.stringContaining('3:26: a quote in `docker_args`')]);
    expect(hint).toContain('close the quote');
  });

  test('is nothing where nothing is asked', () => {
    expect(read(`${minimal}resources: {instance_count: 1}`).container).toBeUndefined();
  });
});

describe('what a local run cannot do is named, never ignored', () => {
  test.each<[string, string]>([
    ['distribution: {type: pytorch, process_count_per_instance: 2}', '3:1: `distribution` is not supported'],
    ['services: {j: {type: jupyter_lab}}', '`services` is not supported'],
    ['identity: {type: managed}', '`identity` is not supported'],
    ['queue_settings: {job_tier: spot}', '`queue_settings` is not supported'],
    ['resources: {instance_count: 2}', '3:29: `instance_count: 2` is not supported'],
    ['resources: {instance_type: Standard_NC6}', '`resources.instance_type` is not supported'],
    ['compute: local\nresources: {shm_size: 2g}', '4:13: `resources.shm_size` is not supported'],
    ['compute: azureml:local\nresources: {docker_args: --ipc=host}', '`resources.docker_args` is not supported'],
    ['compute: azureml:gpu-cluster', '3:10: the compute target `azureml:gpu-cluster`'],
    ['compute: serverless', 'the compute target `serverless`'],
    [
      'inputs: {x: {type: uri_folder, path: "azureml://datastores/d/paths/p"}}',
      'the input `x` is `azureml://datastores/d/paths/p`, which is not on this machine',
    ],
    ['inputs: {x: {path: "azureml:data:1"}}', 'not on this machine'],
    ['inputs: {x: {path: "https://example.com/a.csv"}}', 'not on this machine'],
    ['inputs: {x: {path: "wasbs://c@a.blob/x"}}', 'not on this machine'],
    ['inputs: {x: {type: mltable, path: a, mode: eval_mount}}', 'the mode `eval_mount`'],
    ['outputs: {x: {path: "azureml://datastores/d/paths/p"}}', 'not on this machine'],
    ['outputs: {x: {type: custom_model, name: iris}}', 'does not register its output'],
    ['code: git+https://github.com/a/b', 'the `code` is'],
    ['code: azureml:code:1', 'not on this machine'],
  ])('%s', (line, message) => {
    const error = errorOf(`${minimal}${line}\n`);
    expect(error.code).toBe('UNSUPPORTED_KEY');
    expect(error.message).toContain(message);
    expect(error.hint).toBeTruthy();
  });

  test.each([
    ['type: pipeline\njobs: {}\n', 'pipeline'],
    ['$schema: https://azuremlschemas.azureedge.net/latest/sweepJob.schema.json\ntrial: x\n', 'sweep'],
    ['type: spark\nentry: {file: x}\n', 'spark'],
  ])('%j', (text, kind) => {
    expect(errorOf(text)).toMatchObject({
      code: 'UNSUPPORTED_KEY',
      message: expect.stringContaining(`this is a ${kind} job`) as string,
    });
  });
});
