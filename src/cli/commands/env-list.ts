import { listEnvironments, listVersions } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { pageOptions, pageText, readPage } from '../page.ts';
import { table } from '../table.ts';
import { ago } from '../time-text.ts';
import { tagText } from '../version-text.ts';

export const command: Command = {
  name: 'env list',
  summary: 'List environments',
  description: 'Lists environments, or with --name the versions of one, newest first. Anonymous ones are not listed.',
  options: [
    { flags: '-n, --name <name>', description: 'List the versions of this environment' },
    { flags: '--archived', description: 'Only archived ones' },
    { flags: '--all', description: 'Archived ones too' },
    {
      flags: '--category <category>',
      description: 'Only this category',
      choices: ['curated', 'user_managed', 'system_managed'],
    },
    { flags: '--tag <key=value>', description: 'Only with this tag', repeatable: true },
    { flags: '--search <text>', description: 'Only names that contain the text' },
    ...pageOptions,
  ],
  examples: [
    { command: 'terroir env list', does: 'every environment with its latest version' },
    { command: 'terroir env list --name iris', does: 'the versions of one' },
    { command: "terroir env list --json | jq -r '.items[].name'", does: 'for scripts' },
  ],
  run: async (context, { options }) => {
    const filter = {
      archived: options.flag('all')
        ? ('all' as const)
        : options.flag('archived')
          ? ('archived' as const)
          : ('active' as const),
      ...readPage(options),
    };
    const name = options.text('name');
    if (name !== undefined) {
      const page = await context.on({
        folder: (app) => listVersions(app, name, filter),
        server: (server) => server.listVersions(name, filter),
      });
      const rows = page.items.map((item) => [
        item.version,
        item.category,
        item.fingerprint.slice(0, 12),
        ago(item.createdAt),
        tagText(item.tags),
      ]);
      return {
        data: page,
        text: pageText(table(['version', 'category', 'fingerprint', 'created', 'tags'], rows, context.style), {
          next: page.next,
          isNarrowed: true,
          what: `versions of ${name}`,
          first: '',
        }),
      };
    }
    const request = {
      ...filter,
      category: options.text('category'),
      tags: options.list('tag'),
      nameContains: options.text('search'),
    };
    const page = await context.on({
      folder: (app) => listEnvironments(app, request),
      server: (server) => server.listEnvironments(request),
    });
    const rows = page.items.map((item) => [
      item.name,
      item.latestVersion ?? '',
      item.category ?? '',
      ago(item.updatedAt),
      item.description ?? '',
    ]);
    const { archived, category, tags, nameContains, cursor } = request;
    return {
      data: page,
      text: pageText(table(['name', 'latest', 'category', 'changed', 'description'], rows, context.style), {
        next: page.next,
        isNarrowed: archived === 'archived' || tags.length > 0 || (category ?? nameContains ?? cursor) !== undefined,
        what: 'environments',
        first: '`terroir env create FILE` registers one',
      }),
    };
  },
};
