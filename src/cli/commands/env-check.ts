import { checkEnvironment } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { findingLines, summaryLine } from '../finding-text.ts';

export const command: Command = {
  name: 'env check',
  summary: 'Analyse a definition; `--fix` repairs it',
  description: [
    'Analyses a definition: what will fail, what leaks a secret, what will surprise somebody later. docs/checks.md explains every code.',
    'Ends with 3 if there are errors (with --strict: or warnings).',
    '',
    '--fix repairs what can be repaired and pins what is not pinned to the versions of the lock, without disturbing comments and order:',
    'a file is changed in place; for a registered environment a new version is registered.',
  ].join('\n'),
  arguments: [{ name: '<target>', description: 'A file or folder, or name, name:version, name@latest' }],
  options: [
    { flags: '--fix', description: 'Repair and pin' },
    { flags: '--strict', description: 'Warnings count as errors' },
  ],
  examples: [
    { command: 'terroir env check environment.yml', does: 'a file, before it is registered' },
    { command: 'terroir env check requirements.txt --fix', does: 'pin it from its lock' },
  ],
  run: async (context, { arguments: [target = ''], options }) => {
    const fix = options.flag('fix');
    const result = await context.on({
      folder: (app) => checkEnvironment(app, target, { fix }),
      server: async (server) => await server.checkEnvironment(await context.machine(), target, { fix }),
    });
    const bad = result.findings.some(
      ({ severity }) => severity === 'error' || (options.flag('strict') && severity === 'warning'),
    );
    const lines = [
      ...result.findings.flatMap((finding) => findingLines(finding, context.style)),
      ...result.changes,
      summaryLine(result.findings, context.style),
    ];
    return { data: result, text: lines.join('\n'), exitCode: bad ? 3 : 0 };
  },
};
