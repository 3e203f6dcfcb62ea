import { cloneEnvironment } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { readTags } from '../tags.ts';
import { outcomeLine, versionText } from '../version-text.ts';

export const command: Command = {
  name: 'env clone',
  summary: 'Make a new environment from an existing one',
  description: [
    'Copies a version under a new name, with changes. Comments and order of the source stay. The first lock of the clone starts from the lock of',
    'its source, so that little moves.',
  ].join('\n'),
  arguments: [
    { name: '<reference>', description: 'The source: name, name:version or name@latest' },
    { name: '<name>', description: 'The new name' },
  ],
  options: [
    { flags: '-v, --version <version>', description: 'The version to register' },
    {
      flags: '--add <package>',
      description: 'Add a package, or replace its requirement; may be given several times',
      repeatable: true,
    },
    { flags: '--remove <package>', description: 'Remove a package; may be given several times', repeatable: true },
    { flags: '--image <reference>', description: 'Another base image' },
    { flags: '--python <version>', description: 'Another Python version' },
    { flags: '--description <text>', description: 'Its description' },
    { flags: '--tag <key=value>', description: 'A tag; may be given several times', repeatable: true },
  ],
  examples: [
    { command: "terroir env clone iris iris-lab --add 'pandas>=2' --remove joblib", does: 'change packages' },
    { command: 'terroir env clone iris:2 iris', does: 'go back: version 2 as the newest version' },
  ],
  run: async (context, { arguments: [reference = '', name = ''], options }) => {
    const request = {
      name,
      version: options.text('version'),
      description: options.text('description'),
      tags: readTags(options.list('tag')),
      changes: {
        add: options.list('add'),
        remove: options.list('remove'),
        image: options.text('image'),
        python: options.text('python'),
      },
    };
    const result = await context.on({
      folder: (app) => cloneEnvironment(app, reference, request),
      server: (server) => server.cloneEnvironment(reference, request),
    });
    return {
      data: result.version,
      text: `${outcomeLine(result, context.style)}\n${versionText(result.version, context.style)}`,
    };
  },
};
