import type { Style } from '../report/render/index.ts';
import { commands } from './commands.ts';

/** Of the column of names. */
const width = 22;

/** Two that belong together have one line. */
const pairs: Readonly<Record<string, { with: string; summary: string }>> = {
  'env archive': { with: 'env restore', summary: 'Hide an environment or a version from lists, or bring it back' },
  'env exec': { with: 'env shell', summary: 'Run a command, or open a shell, in an environment, without a record' },
  'env save': { with: 'env load', summary: 'Write a version as a v1 folder, or register one from it' },
  serve: { with: 'worker', summary: 'Serve the workspace to a team on one port; help the server from other machines' },
  backup: { with: 'restore', summary: 'Copy the workspace into a file, or make one of it' },
};
const second = new Set(Object.values(pairs).map((pair) => pair.with));

/** The first page of help: every command in one screen. */
export function overview(style: Style): string {
  const nouns = [
    'env',
    'image',
    'catalog',
    'run',
    'model',
    'serve',
    'worker',
    'compute',
    'token',
    'audit',
    'backup',
    'restore',
    'cache',
    'doctor',
  ];
  const titles: Record<string, string> = {
    env: 'Environments',
    run: 'Runs and models',
    serve: 'A team',
    cache: 'This machine',
  };
  /** Nouns with few verbs have one line. */
  const inShort: Record<string, string> = {
    image: 'Images wherever they are',
    catalog: 'The curated environments',
    compute: 'Where runs can happen',
    model: 'Outputs of runs, and the environments that trained them',
    token: 'Who may use a served workspace',
    audit: 'Who did what',
    cache: 'What this machine keeps',
  };
  const lines = [
    `${style.bold('terroir')}: reproducible environments for machine learning, on your own machines`,
    '',
    `Usage: terroir ${style.cyan('COMMAND')} [ARGUMENTS] [OPTIONS]`,
  ];
  for (const noun of nouns) {
    const title = titles[noun];
    if (title !== undefined) lines.push('', style.bold(title));
    const short = inShort[noun];
    if (short !== undefined) {
      const verbs = Object.keys(commands).flatMap((name) => (name.startsWith(`${noun} `) ? name.split(' ')[1] : []));
      if (verbs.length > 0) lines.push(`  ${style.cyan(noun.padEnd(width))} ${short}: ${verbs.join(', ')}`);
      continue;
    }
    for (const [name, { summary }] of Object.entries(commands)) {
      if (name === noun || name.startsWith(`${noun} `) || name.startsWith(`${noun}s `)) {
        if (second.has(name)) continue;
        const pair = pairs[name];
        const shown = pair === undefined ? name : `${name}, ${pair.with.split(' ').at(-1)}`;
        lines.push(`  ${style.cyan(shown.padEnd(width))} ${pair?.summary ?? summary}`);
      }
    }
  }
  lines.push('', 'Start with `terroir run JOB.yml`. `terroir COMMAND --help` explains a command, with examples.', '');
  return lines.join('\n');
}

/** The page of one noun: `terroir env`. */
export function nounOverview(noun: string, style: Style): string {
  const rows = Object.entries(commands).filter(([name]) => name.startsWith(`${noun} `));
  return [
    `Usage: terroir ${noun} COMMAND`,
    '',
    ...rows.map(([name, { summary }]) => `  ${style.cyan(name.padEnd(width))} ${summary}`),
    '',
  ].join('\n');
}
