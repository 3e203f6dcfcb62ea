import { updateVersion } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import type { Command } from '../command.ts';
import { readTags } from '../tags.ts';
import { versionText } from '../version-text.ts';

export const command: Command = {
  name: 'env update',
  summary: 'Change description and tags',
  description:
    'Changes the description and tags of a version. Nothing else of a version can change: register a new one instead.',
  arguments: [{ name: '<reference>', description: 'name, name:version or name@latest' }],
  options: [
    { flags: '--description <text>', description: 'The new description' },
    { flags: '--tag <key=value>', description: 'Set a tag; may be given several times', repeatable: true },
    { flags: '--remove-tag <key>', description: 'Remove a tag; may be given several times', repeatable: true },
  ],
  examples: [{ command: 'terroir env update iris:3 --tag stage=production', does: 'tag a version' }],
  run: async (context, { arguments: [reference = ''], options }) => {
    const description = options.text('description');
    const tags = readTags(options.list('tag'));
    const removeTags = options.list('removeTag');
    if (description === undefined && tags === undefined && removeTags.length === 0) {
      throw new AppError('USAGE', 'there is nothing to change', { hint: 'Give --description, --tag or --remove-tag.' });
    }
    const change = { description, tags, removeTags };
    const version = await context.on({
      folder: (app) => updateVersion(app, reference, change),
      server: (server) => server.updateVersion(reference, change),
    });
    return { data: version, text: versionText(version, context.style) };
  },
};
