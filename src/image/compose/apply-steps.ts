import { posix } from 'node:path';
import { AppError } from '../../errors/index.ts';
import type { ImageConfig } from '../../schema/index.ts';
import { expandText, expandWords } from './expand-variables.ts';

/** A line of a Dockerfile that sets nothing but metadata. */
export interface MetadataStep {
  /** Upper case: ENV, LABEL, WORKDIR, USER, EXPOSE, ENTRYPOINT or CMD. */
  keyword: string;
  /** What follows it, continuation lines joined. */
  value: string;
}

export type RuntimeConfig = NonNullable<ImageConfig['config']>;

/**
 * What the steps make of an image's configuration, as Docker's builder has it (Dockerfile reference).
 * @throws AppError INVALID_DEFINITION for steps that Docker would refuse; UNSUPPORTED_FEATURE for what is no metadata.
 */
export function applySteps(config: RuntimeConfig, steps: readonly MetadataStep[]): RuntimeConfig {
  let result = config;
  let hasOwnCommand = false;
  for (const step of steps) {
    result = applyStep(result, step, hasOwnCommand);
    hasOwnCommand ||= step.keyword === 'CMD';
  }
  return result;
}

function applyStep(config: RuntimeConfig, step: MetadataStep, hasOwnCommand: boolean): RuntimeConfig {
  const { keyword, value } = step;
  const env = envMap(config);
  if (value === '' && keyword !== 'CMD' && keyword !== 'ENTRYPOINT') throw wrong(step, 'needs a value');
  switch (keyword) {
    case 'ENV': {
      const next = new Map(env);
      for (const [name, text] of pairs(step, env)) next.set(name, text);
      return { ...config, Env: [...next].map(([name, text]) => `${name}=${text}`) };
    }
    case 'LABEL':
      return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairs(step, env)) } };
    case 'WORKDIR': {
      const folder = expandText(value, env);
      if (folder === '') throw wrong(step, 'needs a value');
      const whole = posix.normalize(posix.join('/', folder.startsWith('/') ? '' : (config.WorkingDir ?? ''), folder));
      return { ...config, WorkingDir: whole === '/' ? whole : whole.replace(/\/$/, '') };
    }
    case 'USER':
      return { ...config, User: expandText(value, env).trim() };
    case 'EXPOSE': {
      const ports = expandWords(value, env).flatMap((word) => expandPorts(word, step));
      return {
        ...config,
        ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) },
      };
    }
    case 'ENTRYPOINT': {
      const words = command(value, config);
      // A command that the base has is for the base's entry point.
      const { Cmd, ...rest } = config;
      return { ...(hasOwnCommand ? { ...rest, Cmd } : rest), Entrypoint: words };
    }
    case 'CMD':
      return { ...config, Cmd: command(value, config) };
    default:
      throw new AppError('UNSUPPORTED_FEATURE', `\`${keyword}\` takes more than setting metadata`, {
        hint: 'It needs a container engine.',
      });
  }
}

/** The variables of an image; the last of each name counts. */
export function envMap({ Env }: RuntimeConfig): Map<string, string> {
  return new Map(
    (Env ?? []).map((line) => {
      const equals = line.indexOf('=');
      return equals === -1 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

/** `a=1 b="2 3"`, or the old form `a 1 and the rest of the line`. */
function pairs(step: MetadataStep, env: ReadonlyMap<string, string>): [string, string][] {
  const { value } = step;
  const old = /^([^\s=]+)\s+(?<rest>[\s\S]*)$/.exec(value);
  if (old !== null && !/^["']/.test(value)) return [[expandText(old[1] ?? '', env), expandText(old[2] ?? '', env)]];
  return expandWords(value, env).map((word) => {
    const equals = word.indexOf('=');
    if (equals <= 0) throw wrong(step, `has \`${word}\` where a name and a value should be (\`name=value\`)`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function expandPorts(word: string, step: MetadataStep): string[] {
  const match = /^(?<from>\d{1,5})(?:-(?<to>\d{1,5}))?(?:\/(?<protocol>tcp|udp|sctp))?$/i.exec(word);
  const from = Number(match?.groups?.from);
  const to = Number(match?.groups?.to ?? from);
  if (match === null || to < from || to > 65_535) throw wrong(step, `has \`${word}\`, which is no port`);
  const protocol = (match.groups?.protocol ?? 'tcp').toLowerCase();
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol}`);
}

/** The JSON form as it is; anything else is for a shell. */
function command(value: string, config: RuntimeConfig): string[] {
  if (value.startsWith('[')) {
    try {
      const words: unknown = JSON.parse(value);
      if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
    } catch {
      // No JSON: a command that begins with a bracket.
    }
  }
  if (value === '') return [];
  const { Shell } = config as { Shell?: unknown };
  const shell = Array.isArray(Shell) ? (Shell as string[]) : ['/bin/sh', '-c'];
  return [...shell, value];
}

function wrong({ keyword }: MetadataStep, what: string): AppError {
  return new AppError('INVALID_DEFINITION', `\`${keyword}\` ${what}`, { hint: 'See the Dockerfile reference.' });
}
