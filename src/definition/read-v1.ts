import { createShapeReader, parseYaml, type ShapeReader, type YamlDocument } from '../documents/index.ts';
import { type Definition, type DefinitionHeader, parseImage, sha256 } from '../schema/index.ts';
import { emptyDefinition } from './defaults.ts';
import { checkDockerSteps } from './docker-steps.ts';
import { markValue, readCondaFile } from './read-conda.ts';
import { readContext } from './read-context.ts';
import { simpleForm } from './read-dockerfile.ts';
import { joinPath } from './read-requirements.ts';
import { type ReadState, readReferencedText } from './read-state.ts';

const condaFileName = 'conda_dependencies.yml';
const keys = [
  'name',
  'version',
  'environmentVariables',
  'python',
  'docker',
  'spark',
  'databricks',
  'r',
  'inferencingStackVersion',
  'assetId',
  'autoRebuild',
  'description',
  'tags',
  'mpi',
];

/** What SDK v1's scaffold puts into every environment. */
const placeholderVariable = { name: 'EXAMPLE_ENV_VAR', value: 'EXAMPLE_VALUE' };

/** `azureml_environment.json`, with `conda_dependencies.yml` beside it; also the form that the service answers. */
export async function readV1(
  state: ReadState,
  document: YamlDocument,
): Promise<{ header: DefinitionHeader; definition: Definition }> {
  const reader = createShapeReader(document);
  const definition = emptyDefinition();
  const header: DefinitionHeader = { tags: {} };
  if (reader.map([], keys, 'azureml_environment.json')) {
    header.name = reader.text(['name']);
    header.version = reader.text(['version']);
    header.description = reader.text(['description']);
    header.tags = reader.textMap(['tags']) ?? {};
    definition.environmentVariables = reader.textMap(['environmentVariables']) ?? {};
    if (definition.environmentVariables[placeholderVariable.name] === placeholderVariable.value)
      delete definition.environmentVariables[placeholderVariable.name];
    for (const name of Object.keys(definition.environmentVariables))
      markValue(state, document, ['environmentVariables', name], ['environmentVariables', name]);
    definition.autoRebuild = reader.flag(['autoRebuild']) === false ? 'disabled' : 'on_base_image_update';
    await readDocker(state, reader, definition);
    await readPython(state, reader, definition);
    readSpark(reader, definition);
    readForeign(state, reader);
  }
  state.problems.push(...reader.problems);
  return { header, definition };
}

async function readPython(state: ReadState, reader: ShapeReader, definition: Definition): Promise<void> {
  const path = ['python'];
  const isSection = reader.map(
    path,
    [
      'userManagedDependencies',
      'interpreterPath',
      'condaDependenciesFile',
      'baseCondaEnvironment',
      'condaDependencies',
    ],
    '`python`',
  );
  // A Dockerfile with its context brings its packages itself.
  const needsPython = !reader.has(['docker', 'buildContext']);
  if (!isSection) {
    if (needsPython && !reader.has(path)) reportNoPython(state, reader);
    return;
  }
  const userManaged = reader.flag([...path, 'userManagedDependencies']) ?? false;
  const interpreterPath = reader.text([...path, 'interpreterPath']);
  definition.python = userManaged ? { userManaged, interpreterPath: interpreterPath ?? 'python' } : { userManaged };
  if (reader.has([...path, 'baseCondaEnvironment'])) {
    state.warnings.push({
      code: 'base-conda-environment',
      position: reader.document.locate([...path, 'baseCondaEnvironment'], 'key'),
      message: '`baseCondaEnvironment` is not read: an environment does not build on another one of a machine',
      hint: 'List all that is needed in the conda file, and set it to null.',
    });
  }
  if (userManaged) return;
  const layer = await readCondaLayer(state, reader);
  if (layer !== undefined) definition.layer = layer;
  else if (needsPython && state.problems.length === 0) reportNoDependencies(state, reader);
}

/** The conda file: written into the section, named by it, or beside it. Undefined if there is none. */
async function readCondaLayer(state: ReadState, reader: ShapeReader): Promise<Definition['layer']> {
  const [inline, pointer] = [
    ['python', 'condaDependencies'],
    ['python', 'condaDependenciesFile'],
  ];
  if (reader.has(inline)) {
    markValue(state, reader.document, inline, ['layer']);
    return (await readCondaFile(state, reader.document, inline, { at: ['layer'], folder: '.' })).layer;
  }
  const named = reader.text(pointer);
  const file = named === undefined ? condaFileName : joinPath('.', named);
  if (named === undefined && (await state.files.kind(file)) !== 'file') return undefined;
  const source = await readReferencedText(state, file, reader.document.locate(pointer));
  if (source === undefined) return undefined;
  const place = { at: ['layer'], folder: joinPath(file, '..') };
  const { layer } = await readCondaFile(state, parseYaml(source, 'INVALID_DEFINITION'), [], place);
  return { ...layer, file: { path: file, digest: sha256(source.text), size: Buffer.byteLength(source.text) } };
}

function reportNoPython(state: ReadState, { document }: ShapeReader): void {
  state.problems.push({
    code: 'python-section-missing',
    position: document.locate([]),
    message: 'the `python` section is missing',
    hint: 'Write `"python": {"userManagedDependencies": true}` if the image brings its packages; else `{"userManagedDependencies": false}`, with `conda_dependencies.yml` beside the file.',
  });
}

/** Taken for an environment without packages, it would hide that the file was lost. */
function reportNoDependencies(state: ReadState, { document }: ShapeReader): void {
  state.problems.push({
    code: 'conda-dependencies-missing',
    position: document.locate(['python'], 'key'),
    message: `\`userManagedDependencies\` is false, and there are no conda dependencies: \`${condaFileName}\` is not beside the file`,
    hint: 'Put it there, or name another with `condaDependenciesFile`; if the image brings its packages, set `userManagedDependencies` to true.',
  });
}

const dockerKeys = [
  'enabled',
  'baseImage',
  'baseDockerfile',
  'sharedVolumes',
  'shmSize',
  'smhSize',
  'arguments',
  'gpuSupport',
  'baseImageRegistry',
  'platform',
  'buildContext',
];

async function readDocker(state: ReadState, reader: ShapeReader, definition: Definition): Promise<void> {
  const path = ['docker'];
  if (!reader.map(path, dockerKeys, '`docker`')) return;
  const options = ['baseImage', 'baseDockerfile', 'buildContext'].filter((key) => reader.has([...path, key]));
  if (options.length > 1) {
    reader.report(
      [...path, options[1] ?? ''],
      `Docker image or Dockerfile should be provided not both: ${options.map((key) => `\`${key}\``).join(' and ')}`,
      undefined,
      'key',
    );
    return;
  }
  readImage(state, reader, definition);
  readPlatform(reader, definition);
  const dockerfile = reader.text([...path, 'baseDockerfile']);
  if (dockerfile !== undefined) await readBaseDockerfile(state, reader, definition, dockerfile);
  const context = [...path, 'buildContext'];
  if (reader.map(context, ['locationType', 'location', 'dockerfilePath'], '`buildContext`')) {
    const location = reader.text([...context, 'location']);
    const isElsewhere = /^(?:git|storageaccount)$/i.test(reader.text([...context, 'locationType']) ?? '');
    if (location === undefined || isElsewhere || /^[a-z]+:\/\/|^git@/i.test(location)) {
      reader.report(
        [...context, 'location'],
        'a build context in Azure storage or in git cannot be read',
        'Download it, and register the folder with `terroir env create --build-context`.',
      );
      return;
    }
    definition.build = await readContext(state, {
      folder: joinPath('.', location),
      dockerfilePath: reader.text([...context, 'dockerfilePath']) ?? 'Dockerfile',
      position: reader.document.locate([...context, 'location']),
      dockerfilePosition: reader.document.locate([...context, 'dockerfilePath']),
    });
  }
}

function readImage(state: ReadState, reader: ShapeReader, definition: Definition): void {
  const registry = ['docker', 'baseImageRegistry'];
  reader.map(registry, ['address', 'username', 'password', 'registryIdentity'], '`baseImageRegistry`');
  for (const key of ['username', 'password']) {
    if (reader.has([...registry, key])) {
      reader.report(
        [...registry, key],
        'credentials of a registry do not belong into a definition',
        'Log in with `docker login` on the machine that pulls, and remove them here.',
        'key',
      );
    }
  }
  const image = reader.text(['docker', 'baseImage']);
  if (image === undefined) return;
  if (reader.has([...registry, 'registryIdentity']))
    state.warnings.push({
      code: 'meaningless-key',
      position: reader.document.locate([...registry, 'registryIdentity'], 'key'),
      message: '`registryIdentity` is an identity of Azure’s, and is not used',
      hint: 'Log in with `docker login` on the machine that pulls.',
    });
  const address = reader.text([...registry, 'address'])?.replace(/^https?:\/\/|\/+$/g, '');
  definition.image = address === undefined || image.startsWith(`${address}/`) ? image : `${address}/${image}`;
  markValue(state, reader.document, ['docker', 'baseImage'], ['image']);
  if (parseImage(definition.image) === undefined)
    reader.report(['docker', 'baseImage'], `\`${definition.image}\` is no image reference`);
}

async function readBaseDockerfile(
  state: ReadState,
  reader: ShapeReader,
  definition: Definition,
  given: string,
): Promise<void> {
  const path = ['docker', 'baseDockerfile'];
  const isText = given.includes('\n') || /^\s*(?:FROM|ARG|#)\b/i.test(given);
  const text = isText
    ? given
    : (await readReferencedText(state, joinPath('.', given), reader.document.locate(path)))?.text;
  if (text === undefined) return;
  const simple = simpleForm(text);
  if (simple === undefined) {
    reader.report(
      path,
      'this Dockerfile needs a build context, and v1 environments have none for it',
      'Register its folder with `terroir env create --build-context`.',
    );
    return;
  }
  for (const { message, hint } of checkDockerSteps(simple.steps)) reader.report(path, message, hint);
  definition.image = simple.image;
  if (simple.steps !== '') definition.dockerSteps = simple.steps;
  markValue(state, reader.document, path, ['image']);
  markValue(state, reader.document, path, ['dockerSteps']);
}

function readPlatform(reader: ShapeReader, definition: Definition): void {
  const path = ['docker', 'platform'];
  if (!reader.map(path, ['os', 'architecture'], '`platform`')) return;
  definition.osType = reader.oneOf([...path, 'os'], ['linux', 'windows'], { anyCase: true }) ?? 'linux';
  const architecture = reader.text([...path, 'architecture'])?.toLowerCase();
  // amd64 is what everybody's file says by default; it is no wish.
  if (architecture === 'arm64') definition.platforms = ['linux-aarch64'];
}

function readSpark(reader: ShapeReader, definition: Definition): void {
  if (!reader.map(['spark'], ['repositories', 'packages', 'precachePackages'], '`spark`')) return;
  const packages = (reader.list(['spark', 'packages']) ?? []).flatMap((item) => {
    if (!reader.map(item, ['group', 'artifact', 'version'], 'a Spark package')) return [];
    const [group, artifact, version] = ['group', 'artifact', 'version'].map((key) => reader.text([...item, key]));
    if (group !== undefined && artifact !== undefined && version !== undefined) return [{ group, artifact, version }];
    reader.report(item, 'a Spark package needs `group`, `artifact` and `version`');
    return [];
  });
  const repositories = reader.textList(['spark', 'repositories']) ?? [];
  if (packages.length > 0 || repositories.length > 0) definition.spark = { packages, repositories };
}

function readForeign(state: ReadState, reader: ShapeReader): void {
  if (reader.has(['r']))
    reader.report(
      ['r'],
      'R environments are not supported',
      'Azure ML ended them in 2021; use a base image or Docker steps that bring R.',
      'key',
    );
  // Azure ML knows null and this one word.
  if (reader.oneOf(['inferencingStackVersion'], ['latest']) !== undefined)
    state.warnings.push({
      code: 'meaningless-key',
      position: reader.document.locate(['inferencingStackVersion'], 'key'),
      message: '`inferencingStackVersion` adds no server to the image',
      hint: 'Add `azureml-inference-server-http` to the conda file’s `pip:` block.',
    });
  const libraries = reader.value(['databricks']);
  const isUsed =
    typeof libraries === 'object' &&
    libraries !== null &&
    Object.values(libraries).some((list) => Array.isArray(list) && list.length > 0);
  if (isUsed)
    state.warnings.push({
      code: 'databricks-libraries',
      position: reader.document.locate(['databricks'], 'key'),
      message: 'the Databricks libraries have no meaning outside of Databricks; they are left out',
    });
}
