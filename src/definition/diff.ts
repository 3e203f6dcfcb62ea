import { normaliseName, parseCondaSpec, parseRequirement } from '../requirements/index.ts';
import { canonicalJson, type Definition, type RequirementEntry } from '../schema/index.ts';

/** One difference. `from` is null for what was added, `to` for what was removed. */
export interface DefinitionChange {
  path: string;
  from: unknown;
  to: unknown;
}

/** What differs between two definitions. Lists are compared item by item: a package whose requirement changed is one change. */
export function diffDefinitions(a: Definition, b: Definition): DefinitionChange[] {
  return compare('', presentable(a), presentable(b));
}

/** The definition in the words of the file format, with lists of texts where the user sees a list. */
function presentable(definition: Definition): Record<string, unknown> {
  const { layer, build } = definition;
  return {
    image: definition.image,
    build:
      build === undefined
        ? undefined
        : { path: build.context.path, dockerfile_path: build.dockerfilePath, content: build.context.digest },
    docker_steps: definition.dockerSteps
      ?.split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== ''),
    python: {
      version: definition.python.version,
      user_managed: definition.python.userManaged,
      interpreter_path: definition.python.interpreterPath,
    },
    requirements: layer?.kind === 'requirements' ? entryTexts(layer.entries) : undefined,
    conda_file:
      layer?.kind === 'conda'
        ? {
            channels: layer.channels,
            dependencies: layer.dependencies.filter((item) => typeof item === 'string'),
            pip: layer.dependencies.flatMap((item) => (typeof item === 'string' ? [] : entryTexts(item.pip))),
            variables: layer.variables,
          }
        : undefined,
    lock_file: layer?.lock === undefined ? undefined : `${layer.lock.file.path} (${layer.lock.content.slice(0, 12)})`,
    spark:
      definition.spark === undefined
        ? undefined
        : {
            packages: definition.spark.packages.map(
              ({ group, artifact, version }) => `${group}:${artifact}:${version}`,
            ),
            repositories: definition.spark.repositories,
          },
    system_requirements: definition.systemRequirements,
    bytecode: definition.bytecode,
    environment_variables: definition.environmentVariables,
    platforms: definition.platforms,
    os_type: definition.osType,
    inference_config: definition.inferenceConfig,
    auto_rebuild: definition.autoRebuild,
  };
}

function entryTexts(entries: readonly RequirementEntry[]): string[] {
  return entries.flatMap((entry): string[] => {
    switch (entry.type) {
      case 'requirement':
        return [entry.text];
      case 'option':
        return [entry.value === undefined ? entry.name : `${entry.name} ${entry.value}`];
      case 'include':
        return entryTexts(entry.entries);
      case 'constraint':
        return entryTexts(entry.entries).map((text) => `-c ${text}`);
      case 'local':
        return [
          `${entry.editable ? '-e ' : ''}${entry.file.path}${entry.extras.length === 0 ? '' : `[${entry.extras.join(',')}]`} (${entry.file.digest.slice(0, 12)})`,
        ];
    }
    return [];
  });
}

function compare(path: string, from: unknown, to: unknown): DefinitionChange[] {
  if (canonicalJson(from ?? null) === canonicalJson(to ?? null)) return [];
  if (isTextList(from ?? []) && isTextList(to ?? []) && (Array.isArray(from) || Array.isArray(to))) {
    return compareLists(path, (from as string[] | undefined) ?? [], (to as string[] | undefined) ?? []);
  }
  if (isRecord(from ?? {}) && isRecord(to ?? {}) && (isRecord(from) || isRecord(to))) {
    const [left, right] = [(from ?? {}) as Record<string, unknown>, (to ?? {}) as Record<string, unknown>];
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) =>
      compare(path === '' ? key : `${path}.${key}`, left[key], right[key]),
    );
  }
  return [{ path, from: from ?? null, to: to ?? null }];
}

function compareLists(path: string, from: readonly string[], to: readonly string[]): DefinitionChange[] {
  const removed = difference(from, to);
  const added = difference(to, from);
  if (removed.length === 0 && added.length === 0)
    return from.length === 0 ? [] : [{ path: `${path} (order)`, from, to }];
  const changes: DefinitionChange[] = [];
  for (const item of removed) {
    const partner = added.findIndex((other) => subjectOf(other) === subjectOf(item));
    changes.push({ path, from: item, to: partner === -1 ? null : (added.splice(partner, 1)[0] ?? null) });
  }
  return [...changes, ...added.map((item) => ({ path, from: null, to: item }))];
}

/** The items of `a` that `b` does not have, counted. */
function difference(a: readonly string[], b: readonly string[]): string[] {
  const rest = [...b];
  return a.filter((item) => {
    const at = rest.indexOf(item);
    if (at !== -1) rest.splice(at, 1);
    return at === -1;
  });
}

/** What an item is about: the package's name, or else its first word. */
function subjectOf(item: string): string {
  const requirement = parseRequirement(item);
  if (requirement !== undefined) return normaliseName(requirement.name);
  return parseCondaSpec(item)?.name ?? item.split(/[\s=]/)[0] ?? item;
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
