import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * For the bundle: what is imported through a folder's `index.ts` is taken from the file that has it. The index is the folder's surface for readers; for
 * a bundler that splits, it ties all files behind it together, so that each command would start with everything.
 */
export const directImports: Plugin = {
  name: 'direct-imports',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readSource(path).replaceAll(
        /^(import|export) \{([^}]*)\} from '(\.[^']*\/index\.ts)';$/gm,
        (_, verb: string, names: string, from: string) => direct(path, { verb, names, from }),
      ),
      loader: 'ts',
    }));
  },
};

/** zod's object `z` holds all that zod has, in every language: 350 kB that each start would read. */
function readSource(path: string): string {
  const text = readFileSync(path, 'utf8');
  if (/^import \{[^}]*\} from 'zod'/m.test(text)) throw new Error(`${path}: write \`import * as z from 'zod'\``);
  return text;
}

function direct(importer: string, { verb, names, from }: { verb: string; names: string; from: string }): string {
  const surface = readSurface(join(dirname(importer), from));
  return splitNames(names)
    .map(({ name, as }) => {
      const source = surface.get(name);
      if (source === undefined) throw new Error(`${importer}: ${from} has no ${name}`);
      const path = relative(dirname(importer), source.file);
      const own = source.name === as ? as : `${source.name} as ${as}`;
      return `${verb} { ${own} } from '${path.startsWith('.') ? path : `./${path}`}';`;
    })
    .join(' ');
}

interface Source {
  file: string;
  name: string;
}

const surfaces = new Map<string, Map<string, Source>>();

/** Every value that an `index.ts` gives, and where it comes from. */
function readSurface(index: string): Map<string, Source> {
  const known = surfaces.get(index);
  if (known !== undefined) return known;
  const surface = new Map<string, Source>();
  const text = readFileSync(index, 'utf8');
  for (const [, names = '', from = ''] of text.matchAll(/^export \{([^}]*)\} from '(\.[^']*)';$/gm)) {
    const file = join(dirname(index), from);
    const inner = file.endsWith('/index.ts') ? readSurface(file) : undefined;
    for (const { name, as } of splitNames(names)) surface.set(as, inner?.get(name) ?? { file, name });
  }
  for (const [, from = ''] of text.matchAll(/^export \* from '(\.[^']*)';$/gm)) {
    const file = join(dirname(index), from);
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/^export (?:const|(?:async )?function) (\w+)/gm))
      surface.set(name, { file, name });
  }
  surfaces.set(index, surface);
  return surface;
}

/** The values of `a, b as c, type D`. */
function splitNames(text: string): { name: string; as: string }[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && !each.startsWith('type '))
    .map((each) => {
      const [name = '', as = name] = each.split(' as ');
      return { name, as };
    });
}
