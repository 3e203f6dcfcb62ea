import { stringify } from 'yaml';
import type { Definition, DefinitionHeader, RequirementEntry } from '../schema/index.ts';

/** The files of a v1 folder, and what v1 has no words for. */
export interface V1Folder {
  files: Record<string, string>;
  lost: string[];
}

/** Writes a version as Azure ML's SDK v1 does (`save_to_directory`). Reading it back gives the same fingerprint where nothing was lost. */
export function writeV1Folder(definition: Definition, header: DefinitionHeader & { version?: string }): V1Folder {
  const lost = lostIn(definition);
  const { image, dockerSteps, python, spark } = definition;
  const json = {
    name: header.name ?? null,
    version: header.version ?? null,
    environmentVariables: definition.environmentVariables,
    python: {
      userManagedDependencies: python.userManaged || definition.layer === undefined,
      interpreterPath: python.interpreterPath ?? 'python',
      condaDependenciesFile: null,
      baseCondaEnvironment: null,
    },
    docker: {
      enabled: false,
      baseImage: dockerSteps === undefined ? (image ?? null) : null,
      baseDockerfile: dockerSteps === undefined ? null : `FROM ${image}\n${dockerSteps}\n`,
      sharedVolumes: true,
      shmSize: '2g',
      arguments: [],
      baseImageRegistry: { address: null, username: null, password: null, registryIdentity: null },
      platform: {
        os: definition.osType === 'windows' ? 'Windows' : 'Linux',
        architecture: definition.platforms[0] === 'linux-aarch64' ? 'arm64' : 'amd64',
      },
    },
    spark: { repositories: spark?.repositories ?? [], packages: spark?.packages ?? [], precachePackages: true },
    databricks: { mavenLibraries: [], pypiLibraries: [], rcranLibraries: [], jarLibraries: [], eggLibraries: [] },
    r: null,
    inferencingStackVersion: null,
  };
  const files: Record<string, string> = { 'azureml_environment.json': `${JSON.stringify(json, undefined, 4)}\n` };
  const conda = condaText(definition);
  if (conda !== undefined) files['conda_dependencies.yml'] = conda;
  return { files, lost };
}

function condaText({ layer, python }: Definition): string | undefined {
  if (layer === undefined) return undefined;
  if (layer.kind === 'requirements') {
    const dependencies = [
      `python${python.version === undefined || /[<>~!]/.test(python.version) ? '' : `=${python.version}`}`,
      'pip',
      { pip: entryLines(layer.entries) },
    ];
    return stringify({ dependencies });
  }
  return stringify({
    ...(layer.channels.length === 0 ? {} : { channels: layer.channels }),
    dependencies: layer.dependencies.map((item) => (typeof item === 'string' ? item : { pip: entryLines(item.pip) })),
    ...(layer.variables === undefined ? {} : { variables: layer.variables }),
  });
}

/** Included files are written out: v1 sends the conda file without its folder. */
function entryLines(entries: readonly RequirementEntry[]): string[] {
  return entries.flatMap((entry): string[] => {
    switch (entry.type) {
      case 'requirement':
        return [entry.text];
      case 'option':
        return [entry.value === undefined ? entry.name : `${entry.name} ${entry.value}`];
      case 'include':
        return entryLines(entry.entries);
      case 'constraint':
        return [`-c ${entry.file.path}`];
      case 'local':
        return [
          `${entry.editable ? '-e ' : ''}./${entry.file.path}${entry.extras.length === 0 ? '' : `[${entry.extras.join(',')}]`}`,
        ];
    }
    return [];
  });
}

function lostIn(definition: Definition): string[] {
  const { layer, build, systemRequirements, bytecode, inferenceConfig, platforms } = definition;
  const lost: string[] = [];
  if (build !== undefined) lost.push('the build context: copy its folder yourself');
  if (layer?.kind === 'requirements')
    lost.push('requirements without conda: they become the `pip:` block of a conda file, which is another fingerprint');
  const entries =
    layer?.kind === 'requirements'
      ? layer.entries
      : (layer?.dependencies ?? []).flatMap((item) => (typeof item === 'string' ? [] : item.pip));
  if (entries.some(({ type }) => type === 'local' || type === 'constraint'))
    lost.push('local wheels, projects and constraint files: only their paths are written');
  if (layer !== undefined && layer.kind === 'conda' && definition.python.version !== undefined)
    lost.push('`python.version`: v1 takes Python from the conda file');
  if (systemRequirements !== undefined) lost.push('`system_requirements`');
  if (bytecode) lost.push('`bytecode`');
  if (inferenceConfig !== undefined) lost.push('`inference_config`');
  if (platforms.length > 1) lost.push('all but the first of `platforms`');
  return lost;
}
