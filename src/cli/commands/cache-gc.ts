import { collectGarbage } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import { formatCount } from '../../report/index.ts';
import { formatBytes } from '../../report/render/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'cache gc',
  summary: 'Remove what no lock needs',
  description: [
    'Removes archives, unpacked packages and prefixes that no lock of this workspace needs and nobody used lately. What goes can be fetched or made again.',
    'From the workspace’s registry goes what neither an image nor a record names, images without a tag that nothing refers to, copies of base images that no image',
    'was made on, and uploads that nobody went on with for a day. Pushes, pulls and builds may go on meanwhile, so what came in or was used during the last day',
    'stays in any case.',
  ].join('\n'),
  options: [
    { flags: '--older-than <days>', description: 'Only what was not used for so many days', default: '30' },
    { flags: '--dry-run', description: 'Only say how much would go' },
  ],
  examples: [{ command: 'terroir cache gc --older-than 0', does: 'free as much as possible' }],
  run: async (context, { options }) => {
    const text = options.text('olderThan') ?? '30';
    const olderThanDays = Number(text);
    if (!(olderThanDays >= 0)) throw new AppError('USAGE', `--older-than wants a number of days, not \`${text}\``);
    const result = await collectGarbage(await context.machine(), { olderThanDays, dryRun: options.flag('dryRun') });
    const verb = options.flag('dryRun') ? 'would remove' : 'removed';
    return {
      data: result,
      text: `${verb} ${formatCount(result.removed.count, 'entry')}, ${formatBytes(result.removed.bytes)}`,
    };
  },
};
