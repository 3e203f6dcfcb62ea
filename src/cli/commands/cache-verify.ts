import { verifyCache } from '../../app/index.ts';
import { formatCount } from '../../report/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'cache verify',
  summary: 'Check every file that is kept; damaged ones are dropped',
  description:
    'Reads every archive, unpacked file and prefix and compares it with its digest. What is damaged is dropped, so that the next use brings it again. Ends with 7 if anything was damaged.',
  options: [{ flags: '--keep', description: 'Only say what is damaged' }],
  examples: [{ command: 'terroir cache verify', does: 'after a disk had trouble' }],
  run: async (context, { options }) => {
    const result = await verifyCache(await context.machine(), { repair: !options.flag('keep') });
    const lines = result.damaged.map(({ path, reason }) => `${context.style.red('damaged')} ${path}: ${reason}`);
    return {
      data: result,
      text: [...lines, `${formatCount(result.checked, 'file')} checked, ${result.damaged.length} damaged`].join('\n'),
      exitCode: result.damaged.length === 0 ? 0 : 7,
    };
  },
};
