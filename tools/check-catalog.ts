/** `node tools/check-catalog.ts [NAME …]`: runs in each curated environment, on this machine, a program that imports what it asks for. Fetches all of it. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const catalog = join(root, 'catalog');

/** Modules of another name than their distribution. */
const modules: Readonly<Record<string, string>> = {
  'scikit-learn': 'sklearn',
  'tensorflow-cpu': 'tensorflow',
  'xgboost-cpu': 'xgboost',
  pytorch: 'torch',
};

const wanted = process.argv.slice(2);
const folders = globSync('*/*/environment.yml', { cwd: catalog }).map(dirname).sort();
const work = mkdtempSync(join(tmpdir(), 'terroir-catalog-'));
let failed = 0;
for (const folder of folders) {
  const name = dirname(folder);
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const imports = importsOf(join(catalog, folder));
  const program = `import ${imports.join(', ')}; print(*('%s %s' % (m.__name__, getattr(m, '__version__', '')) for m in (${imports.join(', ')},)), sep=', ')`;
  const words = ['run', '--env', name, '--target', 'local', '--workspace', join(work, 'workspace')];
  const result = spawnSync('node', [join(root, 'bin', 'terroir.js'), ...words, '--', 'python', '-c', program], {
    cwd: work,
    encoding: 'utf8',
    // What is for GPUs can be imported without one.
    env: { ...process.env, CONDA_OVERRIDE_CUDA: '13.0' },
  });
  if (result.status !== 0) failed += 1;
  console.log(result.status === 0 ? `ok   ${name}: ${result.stdout.trim()}` : `FAIL ${name}: ${result.stderr.trim()}`);
}
rmSync(work, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;

function importsOf(folder: string): string[] {
  const [requirements, conda] = [join(folder, 'requirements.txt'), join(folder, 'conda.yml')];
  const lines = existsSync(requirements)
    ? readFileSync(requirements, 'utf8').split('\n')
    : [...readFileSync(conda, 'utf8').matchAll(/^ {2,}- ([a-z].*)$/gm)].map(([, spec = '']) => spec);
  const names = lines.map((line) => /^[A-Za-z0-9_.-]+/.exec(line.trim())?.[0] ?? '').filter((name) => name !== '');
  return names
    .filter((name) => name !== 'python' && !name.endsWith('-forge'))
    .map((name) => modules[name] ?? name.replaceAll('-', '_'));
}
