import { type CaptureResult, captureEnvironment } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { readTags } from '../tags.ts';
import { outcomeLine, versionText } from '../version-text.ts';

type Style = Parameters<typeof versionText>[1];

export const command: Command = {
  name: 'env capture',
  summary: 'Make a version from an environment that is there',
  description: [
    'Reads a conda environment or a venv, and writes the definition that asks for exactly what is in it. With --name it is registered, and locked to the',
    'very packages: those of conda by their digests, those of pip by their versions. What cannot be made again is listed: editable installs, packages',
    'without an address, files that were changed and files that no package brought. Nothing of the environment is run or changed.',
  ].join('\n'),
  arguments: [],
  options: [
    { flags: '-p, --prefix <folder>', description: 'The environment’s folder (the active one)' },
    { flags: '-n, --name <name>', description: 'Register it under this name' },
    { flags: '-v, --version <version>', description: 'Its version, any string' },
    { flags: '--description <text>', description: 'A description; it may change later' },
    { flags: '--tag <key=value>', description: 'A tag; may be given several times', repeatable: true },
  ],
  examples: [
    { command: 'terroir env capture > environment.yml', does: 'what the active environment is, as a file' },
    { command: 'terroir env capture --prefix .venv --name iris', does: 'register and lock a venv' },
  ],
  run: async (context, { options }) => {
    const request = {
      prefix: options.text('prefix'),
      name: options.text('name'),
      version: options.text('version'),
      description: options.text('description'),
      tags: readTags(options.list('tag')),
    };
    // What is captured is here; only registering it with its lock wants a workspace here too.
    const app = await (request.name === undefined ? context.machine() : context.app());
    const result = await captureEnvironment(app, request);
    for (const { message, hint, paths, count } of result.findings) {
      const files = paths === undefined ? '' : `: ${paths.join(', ')}${(count ?? 0) > paths.length ? ', …' : ''}`;
      app.emit({ type: 'note', level: 'warning', message: `${message}${files}`, hint });
    }
    const { registered, lock, ...rest } = result;
    return {
      data: { ...rest, version: registered?.version, outcome: registered?.outcome, lockDigest: lock?.digest },
      text: textOf(result, context.style),
    };
  },
};

function textOf({ registered, lock, text }: CaptureResult, style: Style): string {
  if (registered === undefined) return text.trimEnd();
  return `${outcomeLine(registered, style)}\n${versionText(registered.version, style)}\nlock digest  ${lock?.digest ?? ''}`;
}
