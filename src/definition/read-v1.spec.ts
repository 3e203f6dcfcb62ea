import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../test/kit/memory-files.ts';
import type { Problem } from '../documents/index.ts';
import { isAppError } from '../errors/index.ts';
import { checkDefinition } from './checks/index.ts';
import { fingerprint, type ReadResult, readDefinition, writeV1Folder } from './index.ts';

type Json = Record<string, unknown>;
type Files = Readonly<Record<string, string>>;

const main = 'azureml_environment.json';
const conda = { 'conda_dependencies.yml': 'dependencies: [python=3.12]\n' };

/** What `az ml environment scaffold` writes, with other sections in the place of some. */
function scaffold({ python, docker, ...others }: { python?: Json | null; docker?: Json } & Json = {}): Json {
  return {
    name: 'field',
    version: null,
    environmentVariables: { EXAMPLE_ENV_VAR: 'EXAMPLE_VALUE' },
    python:
      python === null
        ? null
        : {
            userManagedDependencies: false,
            interpreterPath: 'python',
            condaDependenciesFile: null,
            baseCondaEnvironment: null,
            ...python,
          },
    docker: {
      enabled: false,
      baseImage: 'mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20240709.v1',
      baseDockerfile: null,
      sharedVolumes: true,
      shmSize: '2g',
      arguments: [],
      baseImageRegistry: { address: null, username: null, password: null, registryIdentity: null },
      platform: { os: 'Linux', architecture: 'amd64' },
      ...docker,
    },
    spark: { repositories: [], packages: [], precachePackages: true },
    databricks: { mavenLibraries: [], pypiLibraries: [], rcranLibraries: [], jarLibraries: [], eggLibraries: [] },
    r: null,
    inferencingStackVersion: null,
    ...others,
  };
}

async function read(json: Json, files: Files = conda): Promise<ReadResult> {
  const text = JSON.stringify(json, undefined, 2);
  return await readDefinition({ path: main, text }, memoryFiles({ ...files, [main]: text }));
}

async function problemsOf(json: Json, files?: Files): Promise<Problem[]> {
  try {
    await read(json, files);
  } catch (error) {
    if (isAppError(error, 'INVALID_DEFINITION')) return error.details?.problems as Problem[];
    throw error;
  }
  return [];
}

describe('a v1 folder', () => {
  it('as it is scaffolded', async () => {
    const { format, header, definition, warnings } = await read(scaffold());
    expect([format, header.name, header.version, warnings]).toEqual(['v1', 'field', undefined, []]);
    expect(definition).toMatchObject({
      image: 'mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20240709.v1',
      layer: { kind: 'conda', dependencies: ['python=3.12'], file: { path: 'conda_dependencies.yml' } },
      python: { userManaged: false },
      environmentVariables: {},
      platforms: [],
      osType: 'linux',
      autoRebuild: 'on_base_image_update',
    });
    expect(definition.spark).toBeUndefined();
  });

  it('as it was scaffolded in 2020', async () => {
    const { r: _r, ...json } = scaffold({
      docker: { platform: undefined, baseImageRegistry: { address: null, username: null, password: null } },
    });
    expect(await problemsOf(json)).toEqual([]);
  });

  it.each<[what: string, json: Json, expected: Json]>([
    [
      'a registry',
      { docker: { baseImage: 'a/b:1', baseImageRegistry: { address: 'r.example' } } },
      { image: 'r.example/a/b:1' },
    ],
    [
      'a registry with a scheme',
      { docker: { baseImage: 'a/b:1', baseImageRegistry: { address: 'https://r.example/' } } },
      { image: 'r.example/a/b:1' },
    ],
    [
      'a registry that the image names, too',
      { docker: { baseImage: 'r.example/a/b:1', baseImageRegistry: { address: 'r.example' } } },
      { image: 'r.example/a/b:1' },
    ],
    [
      'a Dockerfile',
      { docker: { baseImage: null, baseDockerfile: 'FROM debian:12\nRUN true\nENV A=b\n' } },
      { image: 'debian:12', dockerSteps: 'RUN true\nENV A=b' },
    ],
    [
      'a Dockerfile beside it',
      { docker: { baseImage: null, baseDockerfile: './Dockerfile' } },
      { image: 'debian:13', dockerSteps: 'USER me' },
    ],
    [
      'a build context',
      {
        python: { userManagedDependencies: true },
        docker: { baseImage: null, buildContext: { locationType: 'local', location: 'c', dockerfilePath: 'D' } },
      },
      {
        build: { context: { path: 'c' }, dockerfilePath: 'D' },
        python: { userManaged: true, interpreterPath: 'python' },
      },
    ],
    [
      'a build context, and nothing on Python',
      { python: null, docker: { baseImage: null, buildContext: { location: 'c', dockerfilePath: 'D' } } },
      { build: { context: { path: 'c' } } },
    ],
    [
      'conda dependencies as the service answers them',
      {
        python: {
          condaDependencies: {
            channels: ['anaconda', 'conda-forge'],
            dependencies: ['python=3.8.13', { pip: ['azureml-defaults==1.45'] }],
            name: 'azureml_0123456789abcdef0123456789abcdef',
          },
        },
        assetId: 'azureml://x',
        autoRebuild: true,
      },
      {
        layer: {
          kind: 'conda',
          channels: ['anaconda', 'conda-forge'],
          dependencies: ['python=3.8.13', { pip: [{ type: 'requirement', text: 'azureml-defaults==1.45' }] }],
        },
      },
    ],
    ['another conda file', { python: { condaDependenciesFile: 'envs/c.yml' } }, { layer: { dependencies: ['numpy'] } }],
    [
      'a Python of its own',
      { python: { userManagedDependencies: true, interpreterPath: '/opt/py/bin/python' } },
      { python: { userManaged: true, interpreterPath: '/opt/py/bin/python' } },
    ],
    [
      'variables',
      { environmentVariables: { EXAMPLE_ENV_VAR: 'mine', N: 4 } },
      { environmentVariables: { EXAMPLE_ENV_VAR: 'mine', N: '4' } },
    ],
    [
      'Spark packages',
      {
        spark: {
          repositories: ['https://mmlspark.azureedge.net/maven'],
          packages: [{ group: 'com.microsoft.ml.spark', artifact: 'mmlspark_2.11', version: '0.12' }],
          precachePackages: true,
        },
      },
      {
        spark: {
          repositories: ['https://mmlspark.azureedge.net/maven'],
          packages: [{ group: 'com.microsoft.ml.spark', artifact: 'mmlspark_2.11', version: '0.12' }],
        },
      },
    ],
    [
      'an ARM machine',
      { docker: { platform: { os: 'linux', architecture: 'arm64' } } },
      { platforms: ['linux-aarch64'] },
    ],
    ['Windows', { docker: { platform: { os: 'Windows', architecture: 'amd64' } } }, { osType: 'windows' }],
    ['a base that stays', { autoRebuild: false }, { autoRebuild: 'disabled' }],
  ])('with %s', async (_what, json, expected) => {
    const files = {
      ...conda,
      Dockerfile: 'FROM debian:13\nUSER me\n',
      'c/D': 'FROM debian:12\nCOPY a /a\n',
      'c/a': '',
      'envs/c.yml': 'dependencies: [numpy]\n',
    };
    expect((await read(scaffold(json), files)).definition).toMatchObject(expected);
  });

  it('comes back from a folder that was saved of it', async () => {
    const { definition, header } = await read(
      scaffold({ docker: { baseImage: null, baseDockerfile: 'FROM debian:12\nRUN true\n' } }),
    );
    const { files, lost } = writeV1Folder(definition, header);
    const back = await readDefinition({ path: main, text: files[main] ?? '' }, memoryFiles(files));
    expect([fingerprint(back.definition), lost]).toEqual([fingerprint(definition), []]);
  });
});

describe('a v1 folder is refused', () => {
  it.each<[what: string, json: Json, files: Files, line: RegExp, message: RegExp]>([
    ['without a `python` section', { python: null }, conda, /^\{/, /`python` section is missing/],
    ['whose conda file is lost', {}, {}, /"python"/, /no conda dependencies.*`conda_dependencies.yml` is not beside/],
    [
      'whose named conda file is lost',
      { python: { condaDependenciesFile: 'c.yml' } },
      conda,
      /"c\.yml"/,
      /`c.yml` does not exist/,
    ],
    [
      'with a user of the registry',
      { docker: { baseImageRegistry: { address: 'r.example', username: 'me', password: null } } },
      conda,
      /"username"/,
      /credentials of a registry/,
    ],
    [
      'with a password of the registry',
      { docker: { baseImageRegistry: { address: 'r.example', username: null, password: 'hush' } } },
      conda,
      /"password"/,
      /credentials of a registry/,
    ],
    ['with an image that is none', { docker: { baseImage: 'A b' } }, conda, /"A b"/, /`A b` is no image reference/],
    ['with two bases', { docker: { baseDockerfile: 'FROM a' } }, conda, /"baseDockerfile"/, /not both/],
    [
      'with a Dockerfile that takes files',
      { docker: { baseImage: null, baseDockerfile: 'FROM a:1\nCOPY x /x\n' } },
      conda,
      /"FROM a:1/,
      /needs a build context/,
    ],
    [
      'with a misspelt instruction',
      { docker: { baseImage: null, baseDockerfile: 'FROM a:1\nRUNN x\n' } },
      conda,
      /"FROM a:1/,
      /unknown Dockerfile instruction `RUNN`/,
    ],
    [
      'with a context in git',
      { docker: { baseImage: null, buildContext: { locationType: 'git', location: 'git@github.com:a/b.git' } } },
      conda,
      /"git@github/,
      /in Azure storage or in git cannot be read/,
    ],
    [
      'with a context in a storage account',
      { docker: { baseImage: null, buildContext: { locationType: 'storageaccount', location: 'https://a.blob/x' } } },
      conda,
      /"https:/,
      /in Azure storage or in git cannot be read/,
    ],
    ['with R', { r: { rVersion: '3.6.1' } }, conda, /"r"/, /R environments are not supported/],
    [
      'with half a Spark package',
      { spark: { repositories: [], packages: [{ group: 'a', artifact: 'b' }], precachePackages: true } },
      conda,
      /^ {6}\{/,
      /needs `group`, `artifact` and `version`/,
    ],
    [
      'with another inferencing stack',
      { inferencingStackVersion: '1' },
      conda,
      /Stack/,
      /`inferencingStackVersion` is `1`/,
    ],
    [
      'with a key that is misspelt',
      { python: { condaDependencyFile: 'c.yml' } },
      conda,
      /Dependency/,
      /unknown key `condaDependencyFile`/,
    ],
  ])('%s', async (_what, json, files, line, message) => {
    const made = scaffold(json);
    const problems = await problemsOf(made, files);
    expect(problems.map((each) => each.message)).toEqual([expect.stringMatching(message)]);
    const lines = JSON.stringify(made, undefined, 2).split('\n');
    expect(lines[(problems[0]?.position.line ?? 0) - 1]).toMatch(line);
  });

  it('with a code and a way out where Azure ML has a rule', async () => {
    for (const [json, files, code] of [
      [scaffold({ python: null }), conda, 'python-section-missing'],
      [scaffold(), {}, 'conda-dependencies-missing'],
    ] as const)
      expect(await problemsOf(json, files)).toMatchObject([
        { code, hint: expect.stringContaining('userManagedDependencies') },
      ]);
  });
});

describe('what a v1 folder says in vain', () => {
  it.each<[code: string, json: Json, line: RegExp]>([
    ['base-conda-environment', { python: { baseCondaEnvironment: 'base' } }, /"baseCondaEnvironment"/],
    ['databricks-libraries', { databricks: { pypiLibraries: [{ package: 'numpy' }] } }, /"databricks"/],
    ['meaningless-key', { inferencingStackVersion: 'latest' }, /"inferencingStackVersion"/],
    [
      'meaningless-key',
      { docker: { baseImageRegistry: { address: 'r.example', registryIdentity: { clientId: 'a' } } } },
      /"registryIdentity"/,
    ],
  ])('is told as %s', async (code, json, line) => {
    const result = await read(scaffold(json));
    const found = checkDefinition(result).filter((each) => each.code === code);
    expect(found).toMatchObject([{ severity: 'warning', position: { file: main } }]);
    const lines = result.sources[0]?.text.split('\n') ?? [];
    expect(lines[(found[0]?.position?.line ?? 0) - 1]).toMatch(line);
    expect(result.warnings.map((warning) => warning.code)).toEqual([code]);
  });
});
