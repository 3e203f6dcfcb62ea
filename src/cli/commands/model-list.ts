import { listModels } from '../../app/index.ts';
import { formatBytes } from '../../report/render/index.ts';
import type { Command } from '../command.ts';
import { pageOptions, pageText, readPage } from '../page.ts';
import { table } from '../table.ts';
import { ago } from '../time-text.ts';

export const command: Command = {
  name: 'model list',
  summary: 'List models',
  options: [{ flags: '-n, --name <name>', description: 'Only versions of this model' }, ...pageOptions],
  examples: [{ command: 'terroir model list', does: 'every model' }],
  run: async (context, { options }) => {
    const request = {
      name: options.text('name'),
      ...readPage(options),
    };
    const page = await context.on({
      folder: (app) => listModels(app, request),
      server: (server) => server.listModels(request),
    });
    const rows = page.items.map((model) => [
      model.name,
      model.version,
      model.runId,
      formatBytes(model.size),
      ago(model.createdAt),
    ]);
    const text = table(['model', 'version', 'run', 'size', 'created'], rows, context.style);
    return {
      data: page,
      text: pageText(text, {
        next: page.next,
        isNarrowed: request.name !== undefined || request.cursor !== undefined,
        what: 'models',
        first: '`terroir model register` keeps one',
      }),
    };
  },
};
