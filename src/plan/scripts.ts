import type { UnpackedWheel } from '../store/index.ts';
import { pythonShebang } from './rewriting/index.ts';

type EntryPoint = UnpackedWheel['consoleScripts'][number];

/** A script that calls an entry point. */
export function entryPointScript(interpreter: string, { module, object }: EntryPoint): string {
  const head = `${pythonShebang(interpreter)}# -*- coding: utf-8 -*-\nimport sys\n`;
  if (object === '')
    return `${head}import runpy\nif __name__ == '__main__':\n    runpy.run_module('${module}', run_name='__main__')\n`;
  const [first = ''] = object.split('.');
  return `${head}from ${module} import ${first}\nif __name__ == '__main__':\n    sys.exit(${object}())\n`;
}

/** A `#!python` script of a wheel. */
export function pythonScript(interpreter: string, body: string): Uint8Array {
  return Buffer.concat([Buffer.from(pythonShebang(interpreter)), Buffer.from(body, 'latin1')]);
}
