import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { AppError } from '../errors/index.ts';

/** Why a program that exists could not be started, as the user should read it. */
export function startError(error: unknown, program: string): unknown {
  const code = String((error as NodeJS.ErrnoException).code);
  switch (code) {
    case 'ENOENT':
      return new AppError(
        'COMMAND_NOT_FOUND',
        `\`${program}\` cannot be started: what it needs to start does not exist`,
        {
          hint: 'Look at the first line of the file.',
          cause: error,
        },
      );
    case 'EACCES':
    case 'EPERM':
      return new AppError('PERMISSION_DENIED', `\`${program}\` may not be executed`, {
        hint: `\`chmod +x ${program}\` permits it.`,
        cause: error,
      });
    case 'E2BIG':
      return new AppError(
        'USAGE',
        `\`${program}\` cannot be started: its arguments and variables are too long together`,
        {
          hint: 'Pass long values in a file.',
          cause: error,
        },
      );
    default:
      return error;
  }
}

/** @throws AppError COMMAND_NOT_FOUND if the first line of a script names an interpreter that does not exist. */
export function checkInterpreter(program: string): void {
  const interpreter = interpreterOf(program);
  if (interpreter === undefined || !interpreter.startsWith('/') || existsSync(interpreter)) return;
  throw new AppError(
    'COMMAND_NOT_FOUND',
    `\`${program}\` cannot be started: its interpreter \`${interpreter.trimEnd()}\` does not exist`,
    {
      hint: interpreter.endsWith('\r')
        ? 'The file has Windows line ends; write it with LF.'
        : 'Look at the first line of the file.',
    },
  );
}

function interpreterOf(program: string): string | undefined {
  try {
    const file = openSync(program, 'r');
    try {
      const head = Buffer.alloc(256);
      const size = readSync(file, head, 0, head.length, 0);
      return /^#![ \t]*([^ \t\n]+)/.exec(head.toString('utf8', 0, size))?.[1];
    } finally {
      closeSync(file);
    }
  } catch {
    // Not readable, yet perhaps executable.
    return undefined;
  }
}
