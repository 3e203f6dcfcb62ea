/** Linux cuts a first line at 127 bytes (BINPRM_BUF_SIZE). */
const longestShebang = 127;

/** `#!`, blanks, the program, its options; without the end of the line. */
const shebangLine = /^#![ \t]*([^ \t\r]+)([^\r]*)/;
const pythonName = /^(?:python|pypy)[\d.]*t?$/;

/** The first lines that make a script run with this Python, also when its path is long or has a blank in it. */
export function pythonShebang(interpreter: string, options = ''): string {
  const plain = `#!${interpreter}${options}`;
  if (Buffer.byteLength(plain) <= longestShebang && !/\s/.test(interpreter)) return `${plain}\n`;
  // A shell sees `exec`, Python sees a text.
  return `#!/bin/sh\n'''exec' "${interpreter}"${options} "$0" "$@"\n' '''\n`;
}

/**
 * Puts the prefix into the first line of a script, and mends what the system would not take then: too long, or with a blank in the path. Python
 * is called through a shell; other programs are looked for on PATH, which has the prefix first when it is active.
 */
export function fixShebang(content: Buffer, placeholder: string, prefix: string): Buffer {
  const end = lineEnd(content);
  const line = content.toString('utf8', 0, end);
  const [, program = '', options = ''] = shebangLine.exec(line) ?? [];
  if (!program.startsWith(`${placeholder}/`)) return content;
  const target = program.replaceAll(placeholder, () => prefix);
  const moved = options.replaceAll(placeholder, () => prefix);
  if (Buffer.byteLength(`#!${target}${moved}`) <= longestShebang && !/\s/.test(target)) return content;
  const rest = content.subarray(end);
  const name = target.slice(target.lastIndexOf('/') + 1);
  if (!pythonName.test(name)) {
    const call = moved.trim() === '' ? name : `-S ${name}${moved}`;
    return Buffer.concat([Buffer.from(`#!/usr/bin/env ${call}`), rest]);
  }
  // What follows is a shell's: the carriage return of a script for Windows would be a part of its words.
  const body = rest.subarray(rest[0] === 0x0d ? 2 : 1);
  return Buffer.concat([Buffer.from(pythonShebang(target, moved)), body]);
}

function lineEnd(content: Buffer): number {
  if (content[0] !== 0x23 || content[1] !== 0x21) return 0;
  const newline = content.indexOf(10);
  const end = newline === -1 ? content.length : newline;
  return content[end - 1] === 0x0d ? end - 1 : end;
}
