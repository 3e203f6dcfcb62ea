import { publishCatalog } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { table } from '../table.ts';

export const command: Command = {
  name: 'catalog publish',
  summary: 'Build the curated environments and bring them to a registry',
  description: [
    'Builds the image of each curated environment for every platform that it is locked for, and pushes it with its record and its locks. A workspace',
    'whose `global_registry` names the registry takes images and locks from there instead of building. What is there already is left alone, so it can',
    'be called again at any time.',
  ].join('\n'),
  arguments: [{ name: '<registry>', description: 'A registry, with or without a path: registry.example/curated' }],
  options: [{ flags: '--only <name>', description: 'Only this one; may be given several times', repeatable: true }],
  examples: [
    { command: 'terroir catalog publish registry.example/curated', does: 'all of it' },
    { command: 'terroir catalog publish registry.example/curated --only Terroir-sklearn', does: 'one of them' },
  ],
  run: async (context, { arguments: [registry = ''], options }) => {
    const items = await publishCatalog(await context.app(), registry, { names: options.list('only') });
    const rows = items.map((each) => [
      `${each.name}:${each.version}`,
      each.platforms.join(', '),
      each.outcome === 'present' ? 'was there' : 'published',
      each.digest.slice(0, 19),
    ]);
    return {
      data: { items, next: null },
      text: table(['environment', 'platforms', '', 'digest'], rows, context.style),
    };
  },
};
