import { createShapeReader, type ShapeReader, type YamlDocument } from '../documents/index.ts';
import { type Definition, type DefinitionHeader, parseImage, platforms } from '../schema/index.ts';
import { emptyDefinition } from './defaults.ts';
import { checkDockerSteps } from './docker-steps.ts';
import { markValue } from './read-conda.ts';
import { readContext } from './read-context.ts';
import { readLayer } from './read-layer.ts';
import { joinPath } from './read-requirements.ts';
import type { ReadState } from './read-state.ts';

export const environmentKeys = [
  '$schema',
  'name',
  'version',
  'description',
  'tags',
  'image',
  'build',
  'conda_file',
  'requirements',
  'docker_steps',
  'python',
  'environment_variables',
  'spark',
  'system_requirements',
  'bytecode',
  'platforms',
  'auto_rebuild',
  'os_type',
  'inference_config',
];
/** Keys that Azure ML's own tools write when they show an environment; they say nothing about what it is. */
const readOnly = [
  'id',
  'creation_context',
  'latest_version',
  'auto_delete_setting',
  'properties',
  'resourceGroup',
  'datastore',
];

/** Azure ML's v2 environment YAML, and our keys besides. */
export async function readV2(
  state: ReadState,
  document: YamlDocument,
): Promise<{ header: DefinitionHeader; definition: Definition }> {
  const reader = createShapeReader(document);
  const definition = emptyDefinition();
  const header: DefinitionHeader = { tags: {} };
  if (reader.map([], environmentKeys, 'an environment file', readOnly)) {
    state.mark([], { file: document.source.path, start: 0, end: 0 });
    for (const key of readOnly.filter((name) => reader.has([name]))) {
      state.warnings.push({
        code: 'meaningless-key',
        position: document.locate([key], 'key'),
        message: `\`${key}\` has no meaning in a definition; it is left out`,
      });
    }
    readHeader(reader, header);
    readDocker(state, reader, definition);
    await readBuild(state, reader, definition);
    await readLayer(state, reader, definition);
    readPython(state, reader, definition);
    readSpark(reader, definition);
    readRest(state, reader, definition);
  }
  state.problems.push(...reader.problems);
  return { header, definition };
}

function readHeader(reader: ShapeReader, header: DefinitionHeader): void {
  header.name = reader.text(['name']);
  header.version = reader.text(['version']);
  header.description = reader.text(['description']);
  header.tags = reader.textMap(['tags']) ?? {};
}

function readDocker(state: ReadState, reader: ShapeReader, definition: Definition): void {
  const { document } = reader;
  const image = reader.text(['image'])?.trim();
  if (image !== undefined) {
    definition.image = image;
    markValue(state, document, ['image'], ['image']);
    if (image === '') reader.report(['image'], '`image` is empty');
    else if (!image.includes('${') && parseImage(image.replace(/^docker(?:-daemon)?:\/\//, '')) === undefined) {
      reader.report(
        ['image'],
        `\`${image}\` is no image reference`,
        'Write it like `debian:12`, `ghcr.io/team/base:1.2` or `name@sha256:…`; repositories are lower case.',
      );
    }
  }
  const steps =
    typeof reader.value(['docker_steps']) === 'object'
      ? reader.textList(['docker_steps'])?.join('\n')
      : reader.text(['docker_steps']);
  if (steps !== undefined) {
    definition.dockerSteps = steps;
    markValue(state, document, ['docker_steps'], ['dockerSteps']);
    for (const { message, hint } of checkDockerSteps(steps)) reader.report(['docker_steps'], message, hint);
    if (image === undefined)
      reader.report(
        ['docker_steps'],
        '`docker_steps` need an `image` to stand on',
        'Add `image:`, or use `build:` with a Dockerfile.',
        'key',
      );
  }
}

async function readBuild(state: ReadState, reader: ShapeReader, definition: Definition): Promise<void> {
  const path = ['build'];
  if (!reader.map(path, ['path', 'dockerfile_path'], '`build`')) return;
  if (definition.image !== undefined) {
    reader.report(
      path,
      'Docker image or Dockerfile should be provided not both: `image` and `build`',
      'Keep `image` for a ready base, or `build` for a Dockerfile of your own.',
      'key',
    );
    return;
  }
  const folder = reader.text([...path, 'path']);
  if (folder === undefined) {
    reader.report(path, '`build` has no `path`', 'Name the folder of the build context: `path: .`.');
    return;
  }
  if (/^(?:https?|git|ssh):\/\/|^git@/.test(folder)) {
    reader.report(
      [...path, 'path'],
      'a build context on a server can change at any time',
      'Clone or download it, and name the folder.',
    );
    return;
  }
  const build = await readContext(state, {
    folder: joinPath('.', folder),
    dockerfilePath: reader.text([...path, 'dockerfile_path']) ?? 'Dockerfile',
    position: reader.document.locate([...path, 'path']),
    dockerfilePosition: reader.document.locate([...path, 'dockerfile_path']),
  });
  markValue(state, reader.document, path, ['build']);
  if (build !== undefined) definition.build = build;
}

function readPython(state: ReadState, reader: ShapeReader, definition: Definition): void {
  if (!reader.map(['python'], ['version', 'user_managed', 'interpreter_path'], '`python`')) return;
  const version = reader.text(['python', 'version'])?.trim();
  if (version !== undefined) {
    markValue(state, reader.document, ['python', 'version'], ['python', 'version']);
    if (!/^\d+\.\d+(?:\.\d+)?$|^(?:(?:~=|==|!=|<=|>=|<|>)\s*\d+(?:\.\d+)*(?:\.\*)?\s*,?\s*)+$/.test(version)) {
      reader.report(
        ['python', 'version'],
        `\`${version}\` is no Python version`,
        'Write it like `"3.12"`, `"3.12.4"` or `">=3.10"`, in quotes.',
      );
    }
  }
  const userManaged = reader.flag(['python', 'user_managed']) ?? false;
  const interpreterPath = reader.text(['python', 'interpreter_path']);
  if (interpreterPath !== undefined && reader.has(['python', 'user_managed']) && !userManaged) {
    reader.report(
      ['python', 'interpreter_path'],
      '`interpreter_path` has a meaning only for user-managed Python',
      'Set `user_managed: true`, or remove it.',
      'key',
    );
  }
  definition.python = {
    version: version ?? definition.python.version,
    userManaged: userManaged || interpreterPath !== undefined,
    interpreterPath,
  };
  if (definition.python.userManaged && definition.layer !== undefined) {
    reader.report(
      ['python'],
      'a user-managed environment has no Python layer',
      'Remove `conda_file` or `requirements`, or `user_managed`.',
      'key',
    );
  }
}

function readSpark(reader: ShapeReader, definition: Definition): void {
  if (!reader.map(['spark'], ['packages', 'repositories'], '`spark`')) return;
  const packages = (reader.list(['spark', 'packages']) ?? []).map((item) => {
    if (typeof reader.value(item) === 'string') {
      const [group, artifact, version, ...more] = (reader.text(item) ?? '').split(':');
      if (group && artifact && version && more.length === 0) return { group, artifact, version };
      reader.report(item, `\`${reader.text(item)}\` is no Maven coordinate`, 'Write it as `group:artifact:version`.');
      return undefined;
    }
    if (!reader.map(item, ['group', 'artifact', 'version'], 'a Spark package')) return undefined;
    const [group, artifact, version] = (['group', 'artifact', 'version'] as const).map((key) =>
      reader.text([...item, key]),
    );
    if (group !== undefined && artifact !== undefined && version !== undefined) return { group, artifact, version };
    reader.report(item, 'a Spark package needs `group`, `artifact` and `version`');
    return undefined;
  });
  definition.spark = {
    packages: packages.filter((item) => item !== undefined),
    repositories: reader.textList(['spark', 'repositories']) ?? [],
  };
}

function readRest(state: ReadState, reader: ShapeReader, definition: Definition): void {
  definition.environmentVariables = reader.textMap(['environment_variables']) ?? {};
  for (const name of Object.keys(definition.environmentVariables)) {
    markValue(state, reader.document, ['environment_variables', name], ['environmentVariables', name]);
    if (name === '' || /[=\0\s]/.test(name))
      reader.report(['environment_variables', name], `\`${name}\` is no name of a variable`, undefined, 'key');
  }
  if (reader.map(['system_requirements'], ['glibc', 'cuda', 'archspec'], '`system_requirements`')) {
    const texts = Object.fromEntries(
      (['glibc', 'cuda', 'archspec'] as const).map((key) => [key, reader.text(['system_requirements', key])]),
    );
    for (const key of ['glibc', 'cuda']) {
      if (texts[key] !== undefined && !/^\d+(?:\.\d+)*$/.test(texts[key]))
        reader.report(['system_requirements', key], `\`${texts[key]}\` is no version`, 'Write it like `"2.28"`.');
    }
    definition.systemRequirements = texts;
  }
  definition.bytecode = reader.flag(['bytecode']) ?? false;
  const named = reader
    .list(['platforms'])
    ?.map((item) => reader.oneOf(item, platforms))
    .filter((item) => item !== undefined);
  if (named !== undefined) definition.platforms = named;
  definition.autoRebuild =
    reader.oneOf(['auto_rebuild'], ['on_base_image_update', 'disabled'], { anyCase: true }) ?? 'on_base_image_update';
  definition.osType = reader.oneOf(['os_type'], ['linux', 'windows'], { anyCase: true }) ?? 'linux';
  markValue(state, reader.document, ['os_type'], ['osType']);
  readInference(reader, definition);
}

function readInference(reader: ShapeReader, definition: Definition): void {
  const routes = ['liveness_route', 'readiness_route', 'scoring_route'] as const;
  if (!reader.map(['inference_config'], routes, '`inference_config`')) return;
  const read = (name: (typeof routes)[number]): { path: string; port: number } | undefined => {
    const at = ['inference_config', name];
    if (!reader.map(at, ['path', 'port'], `\`${name}\``)) {
      reader.report(
        ['inference_config'],
        `\`inference_config\` needs \`${name}\``,
        'All three routes are required once one is given.',
        'key',
      );
      return undefined;
    }
    const path = reader.text([...at, 'path']);
    const port = reader.integer([...at, 'port']);
    if (path === undefined || port === undefined) reader.report(at, `\`${name}\` needs \`path\` and \`port\``);
    else if (port < 1 || port > 65_535)
      reader.report([...at, 'port'], `\`${port}\` is no port`, 'Ports go from 1 to 65535.');
    else return { path, port };
    return undefined;
  };
  definition.inferenceConfig = {
    livenessRoute: read('liveness_route'),
    readinessRoute: read('readiness_route'),
    scoringRoute: read('scoring_route'),
  };
}
