import type { OptionFacts } from './command.ts';

/** Options that every command takes. */
export const globalOptions: readonly OptionFacts[] = [
  { flags: '--json', description: 'Answer with JSON on stdout, also for errors' },
  {
    flags: '--workspace <place>',
    description: 'The workspace: a folder, or a server’s URL (or TERROIR_WORKSPACE; else `.terroir` here or above)',
  },
  { flags: '--offline', description: 'Use only what is on this machine' },
  {
    flags: '--progress <style>',
    description: 'How to show what is going on, on stderr',
    choices: ['auto', 'bars', 'plain', 'ndjson', 'none'],
    default: 'auto',
  },
  { flags: '-q, --quiet', description: 'Show only warnings and errors' },
];
