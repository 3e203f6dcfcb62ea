import type { UnpackedWheel } from '../store/index.ts';

/** Linux cuts a first line at 127 characters (BINPRM_BUF_SIZE). */
const longestShebang = 127;

/** The first lines that make a script run with the prefix's Python, also when its path is long or has a blank in it. */
export function shebang(prefix: string): string {
  const interpreter = `${prefix}/bin/python`;
  const plain = `#!${interpreter}`;
  if (plain.length <= longestShebang && !/\s/.test(interpreter)) return `${plain}\n`;
  // A shell sees `exec`, Python sees a text.
  return `#!/bin/sh\n'''exec' "${interpreter}" "$0" "$@"\n' '''\n`;
}

/** A script that calls an entry point. */
export function entryPointScript(prefix: string, { module, object }: UnpackedWheel['consoleScripts'][number]): string {
  const head = `${shebang(prefix)}# -*- coding: utf-8 -*-\nimport sys\n`;
  if (object === '')
    return `${head}import runpy\nif __name__ == '__main__':\n    runpy.run_module('${module}', run_name='__main__')\n`;
  const [first = ''] = object.split('.');
  return `${head}from ${module} import ${first}\nif __name__ == '__main__':\n    sys.exit(${object}())\n`;
}

/** A `#!python` script of a wheel. */
export function pythonScript(prefix: string, body: string): Uint8Array {
  return Buffer.concat([Buffer.from(shebang(prefix)), Buffer.from(body, 'latin1')]);
}
