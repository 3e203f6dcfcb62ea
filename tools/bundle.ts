/** Makes dist/: the published package is this bundle, because Node does not strip types inside node_modules. */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { buildStudio } from './build-studio.ts';
import { directImports } from './direct-imports.ts';
import { plainBuiltins } from './plain-builtins.ts';

const root = join(import.meta.dirname, '..');
/** Libraries as large as all the rest that most commands do without: the HTTP client, the HTTP server, logging in, PostgreSQL. Each is a file of its own. */
const apart = [
  'src/io/http/undici.ts',
  'src/server/fastify.ts',
  'src/server/login/openid-client.ts',
  'src/workspace/pg.ts',
];
const names = apart.map((file) => basename(file, '.ts'));
const loadApart: Plugin = {
  name: 'load-apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: new RegExp(`/(?:${names.join('|')})\\.ts$`) }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path, '.ts')}.js`, external: true } : undefined,
    );
  },
};

const workers = globSync('src/**/*-worker.ts', { cwd: root });

rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'src/cli/main.ts', out: 'main' },
    { in: 'src/sdk/index.ts', out: 'sdk' },
    ...apart.map((file) => ({ in: file, out: basename(file, '.ts') })),
    ...workers.map((file) => ({ in: file, out: basename(file, '.ts') })),
  ],
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minify: true,
  plugins: [plainBuiltins, directImports, loadApart],
  // As ES modules, which a bundle makes one scope of: 1 ms to start instead of 7.
  alias: { yaml: join(root, 'node_modules/yaml/browser/dist/index.js') },
  // What the driver of PostgreSQL would take if it were there.
  external: ['pg-native', 'cloudflare:sockets'],
  sourcemap: false,
  legalComments: 'linked',
  // CommonJS dependencies call `require` for Node's own modules.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
});

const studio = join(root, 'dist', 'studio');
mkdirSync(studio);
for (const [name, { plain, brotli, gzip }] of await buildStudio({ release: true })) {
  writeFileSync(join(studio, name), plain);
  if (brotli !== undefined) writeFileSync(join(studio, `${name}.br`), brotli);
  if (gzip !== undefined) writeFileSync(join(studio, `${name}.gz`), gzip);
}

writeTypes();

/** The types of what `import` gives. They stand for themselves: only these files are published. */
function writeTypes(): void {
  const all = mkdtempSync(join(tmpdir(), 'terroir-types-'));
  try {
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tools/tsconfig.types.json', '--outDir', all], {
      cwd: root,
      stdio: 'inherit',
    });
    mkdirSync(join(root, 'dist/types'));
    for (const name of ['index', 'connect', 'types']) {
      const text = readFileSync(join(all, 'sdk', `${name}.d.ts`), 'utf8');
      writeFileSync(join(root, 'dist/types', `${name}.d.ts`), text.replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
    }
  } finally {
    rmSync(all, { recursive: true });
  }
}
