import { stripUserInfo } from '../errors/index.ts';
import {
  canonicalJson,
  type Definition,
  normaliseImage,
  type PythonLayer,
  type RequirementEntry,
  sha256,
} from '../schema/index.ts';
import { dockerInstructions } from './dockerfile.ts';

/** Number of the canonical form. A change of what it says is a new number; fingerprints of older numbers stay valid. */
const format = 1;

/**
 * What shapes the image, and nothing else, in one form for everything that means the same. docs/fingerprint.md says what is in it.
 * Order of dependencies and channels counts; comments, white space, names, descriptions and variables do not.
 */
export function canonicalForm(definition: Definition): unknown {
  const { image, build, dockerSteps, layer, python, spark, systemRequirements, bytecode } = definition;
  const steps = dockerInstructions(dockerSteps ?? '').map(({ keyword, value }) =>
    value === '' ? keyword : `${keyword} ${value}`,
  );
  return {
    format,
    image: image === undefined ? undefined : normaliseImage(image),
    build: build === undefined ? undefined : { context: build.context.digest, dockerfile: build.dockerfilePath },
    dockerSteps: steps.length === 0 ? undefined : steps,
    layer: layer === undefined ? undefined : canonicalLayer(layer),
    python: withoutEmpty({
      version: collapse(python.version),
      userManaged: python.userManaged || undefined,
      interpreterPath: python.interpreterPath,
    }),
    systemRequirements: withoutEmpty({ ...systemRequirements }),
    bytecode: bytecode || undefined,
    spark:
      spark === undefined
        ? undefined
        : {
            packages: spark.packages.map(({ group, artifact, version }) => `${group}:${artifact}:${version}`),
            repositories: spark.repositories,
          },
  };
}

/** SHA-256 (hex) of the canonical form. */
export function fingerprint(definition: Definition): string {
  return sha256(canonicalJson(canonicalForm(definition)));
}

/** Where the images of a fingerprint are kept in a registry. */
export function imageRepository(fingerprintOfDefinition: string): string {
  return `terroir/env_${fingerprintOfDefinition.slice(0, 32)}`;
}

function canonicalLayer(layer: PythonLayer): unknown {
  const lock = layer.lock?.content;
  if (layer.kind === 'requirements') return { requirements: canonicalEntries(layer.entries), lock };
  return {
    lock,
    channels: layer.channels.map((channel) => stripToken(channel.trim())),
    dependencies: layer.dependencies.map((item) =>
      typeof item === 'string' ? stripToken(collapse(item) ?? '') : { pip: canonicalEntries(item.pip) },
    ),
  };
}

function canonicalEntries(entries: readonly RequirementEntry[]): unknown[] {
  return entries.flatMap((entry): unknown[] => {
    switch (entry.type) {
      case 'requirement':
        return [stripUserInfo(collapse(entry.text) ?? '')];
      case 'option':
        return [entry.value === undefined ? entry.name : `${entry.name} ${stripUserInfo(entry.value.trim())}`];
      case 'include':
        return canonicalEntries(entry.entries);
      case 'constraint':
        return [{ constraints: canonicalEntries(entry.entries) }];
      case 'local':
        return [
          {
            [entry.kind]: entry.file.digest,
            extras: entry.extras.length === 0 ? undefined : entry.extras,
            marker: collapse(entry.marker),
          },
        ];
    }
    return [];
  });
}

function collapse(text: string | undefined): string | undefined {
  return text?.trim().replaceAll(/\s+/g, ' ');
}

/** A conda channel's credentials: user info, and the token in `/t/<token>/`. */
function stripToken(channel: string): string {
  return stripUserInfo(channel).replace(/\/t\/[^/]+(?=\/)/, '');
}

function withoutEmpty<T extends Record<string, unknown>>(record: T): T | undefined {
  return Object.values(record).some((value) => value !== undefined) ? record : undefined;
}
