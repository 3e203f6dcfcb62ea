import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { environmentKeys } from '../../src/definition/index.ts';
import { platforms } from '../../src/schema/index.ts';

/** What a key is for; a key without a word here is still offered. */
const meanings: Readonly<Record<string, string>> = {
  name: 'What it is called',
  version: 'A number is taken if there is none',
  description: 'For people',
  tags: 'key: value, for people and filters',
  image: 'The base image',
  build: 'A build context with a Dockerfile',
  conda_file: 'A conda file, or its content',
  requirements: 'A requirements file, or a list',
  docker_steps: 'Dockerfile lines on top of the image',
  python: 'Version, user_managed, interpreter_path',
  environment_variables: 'Set on runs, not in the image',
  platforms: 'What it is locked for',
  system_requirements: 'glibc, cuda, archspec',
  spark: 'Spark packages',
  auto_rebuild: 'on_base_image_update or disabled',
  bytecode: 'Compiled .pyc in the image',
  os_type: 'linux',
  inference_config: 'Routes of a scoring server',
};

const below: Readonly<Record<string, readonly string[]>> = {
  python: ['version', 'user_managed', 'interpreter_path'],
  build: ['path', 'dockerfile_path'],
  system_requirements: ['glibc', 'cuda', 'archspec'],
  conda_file: ['channels', 'dependencies'],
  auto_rebuild: ['on_base_image_update', 'disabled'],
  platforms,
};

/** Keys of an environment file, where one can stand. */
export function completeKeys(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/[\w-]*/);
  if (word === null || (word.from === word.to && !context.explicit)) return null;
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, word.from - line.from);
  if (before === '') {
    const options = environmentKeys.map((key) => ({
      label: key,
      type: 'property',
      detail: meanings[key] ?? '',
      apply: `${key}: `,
    }));
    return { from: word.from, options };
  }
  const parent = /^\s+(?:- )?$/.test(before)
    ? parentOf(context, line.number)
    : /^([a-z_]+):\s*[[{]?.*$/.exec(before)?.[1];
  const values = parent === undefined ? undefined : below[parent];
  return values === undefined
    ? null
    : { from: word.from, options: values.map((label) => ({ label, type: 'property' })) };
}

/** The key at the left edge that a line stands below. */
function parentOf(context: CompletionContext, number: number): string | undefined {
  for (let at = number - 1; at > 0; at -= 1) {
    const found = /^([a-z_]+):/.exec(context.state.doc.line(at).text)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}
