/** Makes the studio of `web/`: files in memory, with hashed names and compressed, for the bundle and for `serve` in a clone. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');

export interface BuiltFile {
  plain: Buffer;
  brotli?: Buffer;
  gzip?: Buffer;
}

/** `release`: as small as can be, which takes seconds. */
export async function buildStudio({ release }: { release: boolean }): Promise<Map<string, BuiltFile>> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['web/main.tsx', 'web/theme.ts', 'web/style.css'],
    outdir: 'studio',
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    platform: 'browser',
    target: ['chrome123', 'firefox121', 'safari17.5'],
    format: 'esm',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    plugins: [stubNode],
    legalComments: 'linked',
  });
  const files = new Map<string, BuiltFile>();
  for (const { path, contents } of outputFiles) files.set(basename(path), compress(Buffer.from(contents), release));
  const outputs = Object.entries(metafile.outputs);
  const nameOf = (entry: string): string =>
    basename(outputs.find(([, { entryPoint }]) => entryPoint === entry)?.[0] ?? '');
  const main = outputs.find(([, { entryPoint }]) => entryPoint === 'web/main.tsx')?.[1];
  const needed = (main?.imports ?? []).filter(({ kind }) => kind === 'import-statement');
  const page = readFileSync(join(root, 'web/index.html'), 'utf8')
    .replace('STYLE', nameOf('web/style.css'))
    .replace('THEME', nameOf('web/theme.ts'))
    .replace('MAIN', nameOf('web/main.tsx'))
    .replace(
      '<!-- PRELOAD -->',
      needed.map(({ path }) => `<link rel="modulepreload" href="/studio/${basename(path)}">`).join('\n'),
    );
  files.set('index.html', compress(Buffer.from(page), release));
  return files;
}

/** The few things of Node that pure folders use have a small stand-in each. */
const stubNode: Plugin = {
  name: 'stub-node',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^node:(?:path|crypto)$/ }, ({ path }) => ({
      path: join(root, 'web/stand-ins', `${path.slice('node:'.length)}.ts`),
    }));
  },
};

function compress(plain: Buffer, release: boolean): BuiltFile {
  const quality = release ? 11 : 5;
  return {
    plain,
    brotli: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
    gzip: gzipSync(plain, { level: release ? 9 : 6 }),
  };
}
