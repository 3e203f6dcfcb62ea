import { registerModel } from '../../app/index.ts';
import { formatCount } from '../../report/index.ts';
import { formatBytes } from '../../report/render/index.ts';
import type { Command } from '../command.ts';
import { readTags } from '../tags.ts';

export const command: Command = {
  name: 'model register',
  summary: 'Register an output of a run as a model',
  description:
    'Keeps a file or folder of a run as a version of a model, with its digest and the environment that trained it.',
  options: [
    { flags: '--run <run>', description: 'The run that made it' },
    { flags: '-n, --name <name>', description: 'The model’s name' },
    { flags: '-p, --path <path>', description: 'In the run’s folder, such as outputs/model' },
    { flags: '-v, --version <version>', description: 'Its version (the next number)' },
    { flags: '--description <text>', description: 'A description' },
    { flags: '--tag <key=value>', description: 'A tag; may be given several times', repeatable: true },
  ],
  examples: [{ command: 'terroir model register --run RUN --name iris --path outputs/model', does: 'keep a model' }],
  run: async (context, { options }) => {
    const request = {
      run: options.text('run'),
      name: options.text('name'),
      path: options.text('path'),
      version: options.text('version'),
      description: options.text('description'),
      tags: readTags(options.list('tag')),
    };
    const model = await context.on({
      folder: (app) => registerModel(app, request),
      server: (server) => server.registerModel(request),
    });
    const { style } = context;
    const text = `${style.green('registered')} model ${style.bold(`${model.name}:${model.version}`)} (${formatCount(model.files, 'file')}, ${formatBytes(model.size)}, ${model.digest.slice(0, 12)}) of run ${model.runId}`;
    return { data: model, text };
  },
};
