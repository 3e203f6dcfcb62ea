import { showCache } from '../../app/index.ts';
import { formatBytes } from '../../report/render/index.ts';
import type { Command } from '../command.ts';
import { facts } from '../table.ts';

export const command: Command = {
  name: 'cache show',
  summary: 'Show what this machine keeps',
  examples: [
    {
      command: 'terroir cache show',
      does: 'archives, unpacked packages, prefixes, what channels offer, the workspace’s registry, and where they are',
    },
  ],
  run: async (context) => {
    const cache = await showCache(await context.machine());
    const row = ({ count, bytes }: { count: number; bytes: number }): string => `${count} (${formatBytes(bytes)})`;
    const text = facts(
      [
        ['folder', cache.root],
        ['archives', row(cache.archives)],
        ['unpacked', row(cache.unpacked)],
        ['prefixes', row(cache.prefixes)],
        ['channels', row(cache.channels)],
        ['answers', row(cache.answers)],
        ['registry', `${row(cache.registry)} in ${cache.registry.root}`],
      ],
      context.style,
    );
    return { data: cache, text };
  },
};
