/** Every check but the tests: types, lint, layering, format, dead code, documents. Ends with `N passed, N failed`. */
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const env = { ...process.env, PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter) };

const checks: readonly { name: string; command: readonly string[] }[] = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'types of the studio', command: ['tsc', '-p', 'web'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'layering', command: ['node', 'tools/layering.ts'] },
  { name: 'format', command: ['biome', 'check', '.'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'catalogue', command: ['node', 'tools/make-catalog.ts', '--check'] },
  { name: 'documents', command: ['node', 'tools/generate-docs.ts', '--check'] },
];

let failed = 0;
for (const { name, command } of checks) {
  const [program = '', ...args] = command;
  const startedAt = performance.now();
  const result = spawnSync(program, args, { cwd: root, env, encoding: 'utf8' });
  const passed = result.status === 0;
  if (!passed) failed += 1;
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - startedAt) / 1000).toFixed(1)}s)`);
  if (!passed) console.log(`${result.stdout}${result.stderr}`);
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
