/**
 * The command line: finds the command, hands it what it may use, prints what it answers.
 *
 * Invariants: data on stdout, the rest on stderr; one place turns errors into text and exit codes; the first Ctrl-C asks to stop,
 * the second one stops.
 */
import { AppError, isAppError } from '../errors/index.ts';
import { createStyle, type Renderer } from '../report/render/index.ts';
import type { Command, CommandResult, OptionValues } from './command.ts';
import { commands } from './commands.ts';
import { errorText, exitCodeFor, toErrorData } from './error-output.ts';
import { nearestCommand } from './nearest-command.ts';
import { nounOverview, overview } from './overview.ts';
import { HelpRequest, parseCommandLine } from './parse.ts';
import { createRenderer } from './renderer.ts';
import { version } from './version.ts';

process.stdout.on('error', (error) => endOnLostOutput(error, process.stderr));
process.stderr.on('error', (error) => endOnLostOutput(error));
process.exitCode = await main(process.argv.slice(2));

async function main(given: readonly string[]): Promise<number> {
  const words = helpLast(withOptionsLast(given));
  const style = createStyle(useColours(process.stdout));
  const [first] = words;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    process.stdout.write(`${overview(style)}\n`);
    return first === undefined ? 2 : 0;
  }
  if (first === '--version' || first === '-V' || first === 'version') {
    process.stdout.write(`terroir ${version}\n`);
    return 0;
  }
  const json =
    words.includes('--json') && !(words.indexOf('--') !== -1 && words.indexOf('--') < words.indexOf('--json'));
  let command: Command | undefined;
  try {
    const found = findCommand(words);
    if (typeof found === 'string') {
      process.stdout.write(`${nounOverview(found, style)}\n`);
      return words.length === 1 ? 2 : 0;
    }
    if (!found.isService) (await import('./short-lived.ts')).expectToEndSoon();
    command = await found.load();
    return await execute(command, words.slice(found.words));
  } catch (error) {
    if (error instanceof HelpRequest) {
      process.stdout.write(error.text);
      return 0;
    }
    if (json) process.stdout.write(`${JSON.stringify(toErrorData(error), undefined, 2)}\n`);
    else process.stderr.write(`${errorText(error, createStyle(useColours(process.stderr)))}\n`);
    return exitCodeFor(error, command?.runsScript === true);
  }
}

/** `terroir help env list` is `terroir env list --help`. */
function helpLast(words: readonly string[]): readonly string[] {
  return words[0] === 'help' && words.length > 1 ? [...words.slice(1), '--help'] : words;
}

/** `terroir --json env list` is `terroir env list --json`. */
function withOptionsLast(words: readonly string[]): string[] {
  const takesValue = (word: string): boolean =>
    (word === '--workspace' || word === '--progress') && !word.includes('=');
  let count = 0;
  while (isGlobalOption(words[count])) count += takesValue(words[count] ?? '') ? 2 : 1;
  const separator = words.indexOf('--', count);
  const end = separator === -1 ? words.length : separator;
  return [...words.slice(count, end), ...words.slice(0, count), ...words.slice(end)];
}

function isGlobalOption(word: string | undefined): boolean {
  return word !== undefined && /^(?:--json|--offline|--quiet|-q|--workspace(?:=.*)?|--progress(?:=.*)?)$/.test(word);
}

/** The command that the first words name, or the noun alone if they name only that. */
function findCommand(
  words: readonly string[],
): { words: number; isService: boolean; load(): Promise<Command> } | string {
  const [first = '', second = ''] = words;
  for (const [name, count] of [
    [`${first} ${second}`, 2],
    [first, 1],
  ] as const) {
    const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (entry !== undefined) return { words: count, isService: entry.isService, load: () => entry.load() };
  }
  const isNoun = Object.keys(commands).some((name) => name.startsWith(`${first} `));
  if (isNoun && (second === '' || second === '--help' || second === '-h')) return first;
  const given = isNoun ? `${first} ${second}` : first;
  const near = nearestCommand(given);
  throw new AppError('USAGE', `there is no command \`${given}\``, {
    hint: `${near === undefined ? '' : `Did you mean \`terroir ${near}\`? `}\`terroir --help\` lists the commands.`,
  });
}

async function execute(command: Command, words: readonly string[]): Promise<number> {
  const { input, options } = parseCommandLine(command, words);
  const renderer = createRenderer(options, process.env, useColours(process.stderr));
  const interrupt = interruptOnSignals(renderer);
  // Whoever asks for help or the version does not wait for all that is behind it.
  const { createContext } = await import('./context.ts');
  const context = createContext({ name: command.name, options, renderer, signal: interrupt.signal });
  try {
    const result = await command.run(context, input);
    renderer.close();
    print(result, options);
    return result.exitCode ?? 0;
  } catch (error) {
    renderer.close();
    throw interrupt.signal.aborted && !isAppError(error) ? interrupt.signal.reason : error;
  } finally {
    await context.close();
    interrupt.stop();
  }
}

function print(result: CommandResult, options: OptionValues): void {
  // A command that prints as it goes has nothing left to answer.
  if (result.data === undefined) return;
  if (options.flag('json')) process.stdout.write(`${JSON.stringify(result.data, undefined, 2)}\n`);
  else if (result.text !== '') process.stdout.write(`${result.text}\n`);
}

function interruptOnSignals(renderer: Renderer): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  let count = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    count += 1;
    if (count > 3) process.exit(130);
    controller.abort(new AppError('CANCELED', `interrupted by ${name}`, { details: { signal: name } }));
    renderer.pause();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}

function useColours(stream: NodeJS.WriteStream): boolean {
  if (process.env.NO_COLOR) return false;
  if (process.env.FORCE_COLOR) return process.env.FORCE_COLOR !== '0';
  return stream.isTTY && process.env.TERM !== 'dumb';
}

/** `terroir env list | head -1` is no error; a disk that is full is one, and not ours. */
function endOnLostOutput(error: NodeJS.ErrnoException, other?: NodeJS.WriteStream): void {
  if (error.code === 'EPIPE') process.exit(0);
  const lost = new AppError(
    error.code === 'ENOSPC' ? 'DISK_FULL' : 'INTERNAL',
    `the output cannot be written: ${error.message}`,
    {
      hint: 'Free some space, or send the output elsewhere.',
      cause: error,
    },
  );
  other?.write(`${errorText(lost, createStyle(false))}\n`);
  process.exit(exitCodeFor(lost, false));
}
