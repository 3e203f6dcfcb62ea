import { diffEnvironments } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { imageDiffLines, packageDiffLines, valueText } from '../diff-text.ts';

export const command: Command = {
  name: 'env diff',
  summary: 'Compare two versions: definition, packages, image layers',
  description: [
    'Compares the definitions of two versions, the packages of their locks, and the layers of their newest images: what a machine that has the one would',
    'pull for the other. What is not locked or built yet is not by this.',
  ].join('\n'),
  arguments: [
    { name: '<a>', description: 'name, name:version or name@latest' },
    { name: '<b>', description: 'The other one' },
  ],
  options: [{ flags: '--platform <platform>', description: 'Whose locks to compare (this machine’s)' }],
  examples: [{ command: 'terroir env diff iris:1 iris:2', does: 'what changed' }],
  run: async (context, { arguments: [a = '', b = ''], options }) => {
    const { style } = context;
    const platform = options.text('platform');
    const diff = await context.on({
      folder: (app) => diffEnvironments(app, a, b, platform),
      server: (server) => server.diffEnvironments(a, b, platform),
    });
    const lines = diff.definition.map(({ path, from, to }) => {
      if (from === undefined || from === null) return style.green(`+ ${path}: ${valueText(to)}`);
      if (to === undefined || to === null) return style.red(`- ${path}: ${valueText(from)}`);
      return `~ ${path}: ${valueText(from)} → ${valueText(to)}`;
    });
    const packages = packageDiffLines(diff.packages, style);
    const text = [
      style.bold('definition'),
      ...(lines.length === 0 ? ['  no difference'] : lines.map((line) => `  ${line}`)),
      style.bold('packages'),
      ...(diff.notes.length > 0
        ? diff.notes.map((note) => `  ${note}`)
        : packages.length === 0
          ? ['  no difference']
          : packages.map((line) => `  ${line}`)),
      ...imageDiffLines(diff.image, style),
    ].join('\n');
    const { definition, packages: moved, image, notes } = diff;
    return { data: { definition, packages: moved, image, notes }, text };
  },
};
