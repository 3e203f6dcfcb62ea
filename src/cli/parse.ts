import { Command as CommanderCommand, CommanderError, Option } from 'commander';
import { AppError } from '../errors/index.ts';
import type { Command, CommandInput, OptionValues } from './command.ts';
import { globalOptions } from './global-options.ts';

export interface ParsedCommand {
  input: CommandInput;
  options: OptionValues;
}

/** Thrown when the user asked for help: the text to print. */
export class HelpRequest {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Reads the words after a command's name.
 * @throws HelpRequest for `--help`; AppError USAGE for what cannot be understood.
 */
export function parseCommandLine(command: Command, words: readonly string[]): ParsedCommand {
  const separator = words.indexOf('--');
  const own = separator === -1 ? words : words.slice(0, separator);
  const rest = separator === -1 ? [] : words.slice(separator + 1);
  if (rest.length > 0 && command.takesCommandLine !== true) {
    throw new AppError('USAGE', `\`terroir ${command.name}\` takes no command after \`--\``);
  }
  const parser = createParser(command);
  try {
    parser.parse(own, { from: 'user' });
  } catch (error) {
    throw asUsageError(error, command, parser);
  }
  const values = parser.opts();
  const options = readOptions(values);
  return { input: { arguments: parser.processedArgs as (string | undefined)[], options, rest }, options };
}

export function helpText(command: Command): string {
  return createParser(command).helpInformation() + exampleLines(command);
}

function createParser(command: Command): CommanderCommand {
  const parser = new CommanderCommand(`terroir ${command.name}`)
    .description(command.description === undefined ? `${command.summary}.` : command.description)
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
    .helpOption('-h, --help', 'Show this text');
  for (const { name, description } of command.arguments ?? []) parser.argument(name, description);
  if (command.takesCommandLine === true) parser.usage(`[options] ${argumentNames(command)}-- COMMAND [ARGS...]`);
  for (const facts of [...(command.options ?? []), ...globalOptions]) {
    const option = new Option(facts.flags, facts.description);
    if (facts.choices !== undefined) option.choices([...facts.choices]);
    if (facts.default !== undefined) option.default(facts.default);
    if (facts.repeatable === true) {
      option.argParser((value: string, earlier: string[] | undefined) => [...(earlier ?? []), value]);
    }
    parser.addOption(option);
  }
  return parser;
}

function argumentNames(command: Command): string {
  return (command.arguments ?? []).map(({ name }) => `${name} `).join('');
}

function exampleLines(command: Command): string {
  const examples = command.examples ?? [];
  if (examples.length === 0) return '';
  return `\nExamples:\n${examples.map(({ command: line, does }) => `  # ${does}\n  ${line}\n`).join('')}`;
}

function asUsageError(error: unknown, command: Command, parser: CommanderCommand): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.code === 'commander.helpDisplayed' || error.code === 'commander.help') {
    return new HelpRequest(parser.helpInformation() + exampleLines(command));
  }
  const [message = '', ...suggestion] = error.message.replace(/^error: /, '').split('\n');
  return new AppError('USAGE', quoteWords(message), {
    hint: [
      ...suggestion.map((line) => line.replace(/^\(|\)$/g, '').replaceAll(/--[\w-]+/g, '`$&`')),
      `See \`terroir ${command.name} --help\`.`,
    ].join(' '),
  });
}

/** commander writes 'word'; we write `word`. */
function quoteWords(message: string): string {
  return message.replace(/'([^']+)'/g, '`$1`');
}

function readOptions(values: Record<string, unknown>): OptionValues {
  return {
    text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
    flag: (name) => values[name] === true,
    list: (name) => (Array.isArray(values[name]) ? (values[name] as string[]) : []),
  };
}
