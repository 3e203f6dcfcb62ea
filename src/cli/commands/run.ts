import { submitCommand, submitJob } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import type { Command, OptionValues } from '../command.ts';
import { passOutput } from '../pass-output.ts';
import { runResult } from '../run-text.ts';

export const command: Command = {
  name: 'run',
  summary: 'Run a script in an environment, and record it',
  description: [
    'Runs a job file (Azure ML’s command job), or the command after `--` in the environment that --env names. The environment is registered,',
    'locked, fetched and made as far as that has not happened yet; the second time it starts at once. Ends with the script’s exit code;',
    'what failed before or around it ends with 100 + the error’s code.',
    '',
    'A job with `code:` runs in a copy of its snapshot; a command after `--` runs in place. What ran, with which packages, is on record: `terroir runs show`.',
  ].join('\n'),
  arguments: [{ name: '[job]', description: 'The job file' }],
  options: [
    { flags: '-e, --env <reference>', description: 'name, name:version, name@latest, or an environment file' },
    {
      flags: '-t, --target <target>',
      description:
        'Where to run: local, docker (podman: with that engine), or a worker by its name (local, but for what only an image can give)',
    },
    { flags: '--gpus <n>', description: 'With docker: give the container so many GPUs, or `all`' },
    {
      flags: '--engine <name>',
      description: 'With docker: which engine runs the container',
      choices: ['docker', 'podman'],
    },
    {
      flags: '--input <name=value>',
      description: 'Set an input of the job; may be given several times',
      repeatable: true,
    },
    {
      flags: '--var <name=value>',
      description: 'Set a variable; `NAME=secret:OTHER` takes it from your environment unrecorded',
      repeatable: true,
    },
    { flags: '--timeout <seconds>', description: 'End it after so long' },
    { flags: '--display-name <text>', description: 'What lists show' },
    { flags: '--tag <key=value>', description: 'A tag; may be given several times', repeatable: true },
  ],
  takesCommandLine: true,
  runsScript: true,
  examples: [
    { command: 'terroir run job.yml', does: 'a job file' },
    { command: 'terroir run --env requirements.txt -- python train.py', does: 'a script and a requirements file' },
    { command: 'terroir run --env iris:3 -- python train.py --trees 200', does: 'a registered version' },
    { command: 'terroir run job.yml --input trees=500', does: 'a job with another input' },
    { command: 'terroir run job.yml --target docker --gpus all', does: 'in a container of its image' },
  ],
  run: async (context, { arguments: [job], options, rest }) => {
    const place = readPlace(options);
    const common = {
      target: place.target,
      gpus: readGpus(options),
      variables: assignments(options, 'var'),
      timeout: readTimeout(options),
      displayName: options.text('displayName'),
      tags: assignments(options, 'tag'),
    };
    const onOutput = passOutput(context);
    const { engine } = place;
    if (job !== undefined) {
      if (rest.length > 0) throw new AppError('USAGE', 'a job file and a command after `--` cannot be given together');
      const what = { ...common, environment: options.text('env'), inputs: assignments(options, 'input') };
      const outcome = await context.on({
        folder: (app) => submitJob(app, { ...what, engine, file: job, onOutput }),
        server: async (server) => await server.run({ ...what, ...refuseEngine(engine), job }, onOutput),
      });
      return runResult(outcome, context);
    }
    const environment = options.text('env');
    if (rest.length === 0) {
      throw new AppError('USAGE', 'there is nothing to run', {
        hint: 'Name a job file (`terroir run job.yml`), or an environment and a command (`terroir run --env iris -- python train.py`).',
      });
    }
    if (environment === undefined) {
      throw new AppError('USAGE', 'it needs an environment to run in', {
        hint: 'Name one: `terroir run --env requirements.txt -- …`.',
      });
    }
    if (options.list('input').length > 0) throw new AppError('USAGE', '--input is for job files');
    const what = { ...common, environment, command: rest };
    const outcome = await context.on({
      folder: (app) => submitCommand(app, { ...what, engine, onOutput }),
      // It cannot run in place there: the folder's snapshot goes along.
      server: async (server) => await server.run({ ...what, ...refuseEngine(engine), code: '.' }, onOutput),
    });
    return runResult(outcome, context);
  },
};

/** `--target podman` is a container, and which engine has it. */
function readPlace(options: OptionValues): { target: string | undefined; engine: string | undefined } {
  const [target, engine] = [options.text('target'), options.text('engine')];
  if (target !== 'podman') return { target, engine };
  if (engine === undefined || engine === 'podman') return { target: 'docker', engine: 'podman' };
  throw new AppError('USAGE', `--target podman and --engine ${engine} are two engines`, { hint: 'Name one of them.' });
}

function refuseEngine(engine: string | undefined): object {
  if (engine === undefined) return {};
  throw new AppError('USAGE', 'the engine is for runs on this machine to choose, and the server runs it', {
    hint: 'Write `--target docker` alone: the server takes the engine that it has.',
  });
}

function assignments(options: OptionValues, name: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const word of options.list(name)) {
    const split = word.indexOf('=');
    if (split < 1) throw new AppError('USAGE', `--${name} wants \`name=value\`, not \`${word}\``);
    values[word.slice(0, split)] = word.slice(split + 1);
  }
  return values;
}

function readGpus(options: OptionValues): string | undefined {
  const text = options.text('gpus');
  if (text === undefined || text === 'all' || /^[1-9]\d*$/.test(text)) return text;
  throw new AppError('USAGE', `--gpus wants a number or \`all\`, not \`${text}\``);
}

function readTimeout(options: OptionValues): number | undefined {
  const text = options.text('timeout');
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new AppError('USAGE', `--timeout wants seconds, not \`${text}\``);
  return seconds;
}
