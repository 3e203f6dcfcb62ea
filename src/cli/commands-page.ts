import { commands } from './commands.ts';
import { helpText } from './parse.ts';

/** docs/commands.md: the help of every command. */
export async function commandsPage(): Promise<string> {
  const sections: string[] = [
    '# Commands',
    '',
    'Data goes to stdout, everything else to stderr. Every command takes `--json`. Exit codes: [errors.md](errors.md).',
    '',
  ];
  for (const [name, entry] of Object.entries(commands)) {
    const command = await entry.load();
    sections.push(`## terroir ${name}`, '', '```text', helpText(command).trimEnd(), '```', '');
  }
  return `${sections.join('\n').trimEnd()}\n`;
}
