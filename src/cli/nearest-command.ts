import { nearest } from '../documents/index.ts';
import { commands } from './commands.ts';

/** Words that people type for a command of ours. */
const otherWords: Readonly<Record<string, string>> = {
  'env new': 'env create',
  'env register': 'env create',
  'env add': 'env create',
  'env ls': 'env list',
  'env get': 'env show',
  'env rm': 'env delete',
  'env remove': 'env delete',
  'env activate': 'env shell',
  'env run': 'env exec',
  'env validate': 'env check',
  'env lint': 'env check',
  'env copy': 'env clone',
  'env unarchive': 'env restore',
  'runs ls': 'runs list',
  'runs get': 'runs show',
  'runs log': 'runs logs',
  'runs stop': 'runs cancel',
  'runs rerun': 'runs replay',
  'run list': 'runs list',
  'model create': 'model register',
  'model ls': 'model list',
  'cache clean': 'cache gc',
  'cache prune': 'cache gc',
  list: 'env list',
  create: 'env create',
  submit: 'run',
  lock: 'env lock',
  shell: 'env shell',
};

export function nearestCommand(given: string): string | undefined {
  const names = Object.keys(commands);
  const nouns = given.includes(' ') ? [] : names.map((name) => name.split(' ')[0] ?? '');
  return otherWords[given] ?? nearest(given, [...names, ...nouns]);
}
