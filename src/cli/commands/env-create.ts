import { createVersion, type LocalSource } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import type { Command, CommandInput, OptionValues } from '../command.ts';
import { readTags } from '../tags.ts';
import { outcomeLine, versionText } from '../version-text.ts';

export const command: Command = {
  name: 'env create',
  summary: 'Register an environment version from a file or from options',
  description: [
    'Registers an environment version. FILE is an Azure ML environment YAML, a conda file, a requirements file, a Dockerfile, or a folder with',
    'one of them (also the v1 folder with azureml_environment.json). Nothing is resolved and nothing is fetched; the first use locks.',
    '',
    'A lock file of another tool is taken too (`conda list --explicit`, conda-lock.yml, pylock.toml): the environment has exactly its packages, and its',
    'first lock is what the file says, without solving.',
    '',
    'Without --version the next number is taken; if nothing but description and tags differs from the latest version, that one is kept.',
  ].join('\n'),
  arguments: [{ name: '[file]', description: 'The definition; - for YAML on standard input' }],
  options: [
    { flags: '-n, --name <name>', description: 'Its name (or as in the file)' },
    { flags: '-v, --version <version>', description: 'Its version, any string' },
    { flags: '--description <text>', description: 'A description; it may change later' },
    { flags: '--tag <key=value>', description: 'A tag; may be given several times', repeatable: true },
    { flags: '-i, --image <reference>', description: 'Base image' },
    { flags: '-c, --conda-file <path>', description: 'Conda file of the Python layer' },
    { flags: '-r, --requirements <path>', description: 'Requirements file of the Python layer' },
    {
      flags: '-d, --dockerfile <path>',
      description: 'Dockerfile; its folder is the build context, unless --build-context says otherwise',
    },
    { flags: '-b, --build-context <folder>', description: 'Folder of the Docker build' },
    { flags: '--python <version>', description: 'Python version, such as 3.12' },
    { flags: '--lock', description: 'Lock at once' },
  ],
  examples: [
    { command: 'terroir env create environment.yml', does: 'from an Azure ML environment file' },
    { command: 'terroir env create requirements.txt --name sklearn --python 3.12', does: 'from a requirements file' },
    { command: 'terroir env create conda-lock.yml --name iris', does: 'from the lock of another tool' },
    {
      command: 'terroir env create --name gpu --image nvidia/cuda:12.6.0-base-ubuntu24.04 -r requirements.txt',
      does: 'from options',
    },
  ],
  run: async (context, input) => {
    const { options } = input;
    const request = {
      source: sourceOf(input),
      name: options.text('name'),
      version: options.text('version'),
      description: options.text('description'),
      tags: readTags(options.list('tag')),
      lock: options.flag('lock'),
    };
    const result = await context.on({
      folder: (app) => createVersion(app, request),
      server: (server) => server.createVersion(request),
    });
    return {
      data: result.version,
      text: `${outcomeLine(result, context.style)}\n${versionText(result.version, context.style)}`,
    };
  },
};

const partOptions = ['image', 'condaFile', 'requirements', 'dockerfile', 'buildContext'] as const;

function sourceOf({ arguments: [file], options }: CommandInput): LocalSource {
  const given = partOptions.filter((name) => options.text(name) !== undefined);
  if (file === undefined) {
    if (given.length === 0 && options.text('python') === undefined) {
      throw new AppError('USAGE', 'there is nothing to register', {
        hint: 'Name a file, such as `terroir env create environment.yml`, or give options such as --image and --requirements.',
      });
    }
    return { kind: 'parts', ...partsOf(options) };
  }
  if (given.length > 0) {
    throw new AppError('USAGE', `a file and --${kebab(given[0] ?? '')} cannot be given together`, {
      hint: `Write it into \`${file}\`, or leave the file out and give everything as options.`,
    });
  }
  if (file === '-') return { kind: 'stdin' };
  return { kind: 'path', path: file, python: options.text('python') };
}

function partsOf(options: OptionValues): Omit<Extract<LocalSource, { kind: 'parts' }>, 'kind'> {
  return {
    image: options.text('image'),
    condaFile: options.text('condaFile'),
    requirements: options.text('requirements'),
    dockerfile: options.text('dockerfile'),
    buildContext: options.text('buildContext'),
    python: options.text('python'),
  };
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
