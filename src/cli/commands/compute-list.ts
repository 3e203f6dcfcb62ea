import { listCompute } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { table } from '../table.ts';

export const command: Command = {
  name: 'compute list',
  summary: 'List where runs can happen',
  description:
    'Lists the compute targets: `local` runs in a directory on this machine, `docker` in a container of the image, by Docker or Podman. A job names one with `compute:`, `terroir run` with --target.',
  examples: [{ command: 'terroir compute list', does: 'what there is' }],
  run: async (context) => {
    const list = await context.on({
      folder: (app) => listCompute(app),
      server: (server) => server.listCompute(),
    });
    const rows = list.items.map(({ name, state, platform, detail }) => [name, state, platform ?? '', detail]);
    return { data: list, text: table(['name', 'state', 'platform', ''], rows, context.style) };
  },
};
