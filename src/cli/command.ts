import type { App } from '../app/index.ts';
import type { Server } from '../client/index.ts';
import type { Renderer, Style } from '../report/render/index.ts';

/** What a handler may use besides its arguments. */
export interface CommandContext {
  /** Does it where the workspace is: in a folder by use cases, on a server by its API. What is printed is the same. */
  on<T>(sides: { folder(app: App): Promise<T>; server(server: Server): Promise<T> }): Promise<T>;
  /**
   * For what happens on this machine: the App, and the reference by which it knows what the word means. From a server, the version and its lock are
   * brought here first.
   */
  here(word: string, options?: { lock?: boolean }): Promise<{ app: App; reference: string }>;
  /** A server besides the one that has the workspace. Its token is in TERROIR_SHARE_TOKEN or in its address: TERROIR_TOKEN is nobody else's business. */
  other(url: string): Promise<Server>;
  /** For what concerns this machine alone, wherever the workspace is. */
  machine(): Promise<App>;
  /** For commands that work on a folder's workspace alone. @throws AppError USAGE if it is a server. */
  app(): Promise<App>;
  style: Style;
  renderer: Renderer;
  /** True if the user asked for JSON. */
  json: boolean;
  /** True if the user wants only warnings and errors. */
  quiet: boolean;
  /** True if a person sits at a terminal and may be asked. */
  interactive: boolean;
  cwd: string;
  env: Record<string, string | undefined>;
  signal: AbortSignal;
}

/** What a command answers: data for `--json`, and a text for a person. */
export interface CommandResult {
  data: unknown;
  /** Printed to stdout with a line end; empty for nothing. */
  text: string;
  exitCode?: number;
}

/** An argument in commander's notation: `<file>`, `[reference]`, `[command...]`. */
export interface ArgumentFacts {
  name: string;
  description: string;
}

/** An option in commander's notation: `--image <reference>`, `-f, --follow`. */
export interface OptionFacts {
  flags: string;
  description: string;
  /** May be given several times; the value is a list. */
  repeatable?: boolean;
  choices?: readonly string[];
  default?: string | boolean;
}

/** A command as a value: metadata, arguments, handler. The CLI, `--help` and docs are made from it. */
export interface Command {
  /** "env create". */
  name: string;
  /** One line, no full stop. */
  summary: string;
  /** Paragraphs for `--help`. */
  description?: string;
  arguments?: readonly ArgumentFacts[];
  options?: readonly OptionFacts[];
  /** Command lines with a word on each, shown by `--help`. */
  examples?: readonly { command: string; does: string }[];
  /** What follows `--` goes to the handler untouched. */
  takesCommandLine?: boolean;
  /** Exit codes are 100 + code for what failed around the script (DESIGN: exit codes). */
  runsScript?: boolean;
  run(context: CommandContext, input: CommandInput): Promise<CommandResult>;
}

export interface CommandInput {
  arguments: readonly (string | undefined)[];
  options: OptionValues;
  /** The words after `--`. */
  rest: readonly string[];
}

/** Typed reading of what commander parsed. Option names are camel case. */
export interface OptionValues {
  text(name: string): string | undefined;
  flag(name: string): boolean;
  list(name: string): string[];
}
