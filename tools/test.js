// The README's second command: installs what the tests need where it may, runs them, and ends with a line `N passed, N failed`.
// Old JavaScript: runs on any Node.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const PATH = [bin, process.env.PATH].join(delimiter);

installSystemPackages();

const folder = mkdtempSync(join(tmpdir(), 'terroir-tests-'));
const summary = join(folder, 'summary.json');
const require = createRequire(import.meta.url);
const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
const result = spawnSync('node', [vitest, 'run'].concat(process.argv.slice(2)), {
  cwd: root,
  stdio: 'inherit',
  env: Object.assign({}, process.env, { PATH, TERROIR_TEST_SUMMARY: summary }),
});
process.exit(report());

/** Debian as root: brings what is missing. Elsewhere: says what the tests will skip. */
function installSystemPackages() {
  const needed = [
    ['git', 'git'],
    ['pg_ctlcluster', 'postgresql'],
    ['python3', 'python3'],
    ['openssl', 'openssl'],
    ['dockerd', 'docker.io'],
    ['podman', 'podman'],
    ['catatonit', 'catatonit'],
    ['buildah', 'buildah'],
    ['runc', 'runc'],
    ['skopeo', 'skopeo'],
    ['umoci', 'umoci'],
    ['docker-registry', 'docker-registry'],
    ['go', 'golang-go'],
    ['chromium', 'chromium'],
    ['mmdebstrap', 'mmdebstrap'],
    ['busybox', 'busybox-static'],
    ['zsh', 'zsh'],
  ].filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status !== 0);
  if (needed.length === 0) return;
  const names = needed.map(([, name]) => name);
  const isRoot = typeof process.getuid === 'function' && process.getuid() === 0;
  if (!isRoot || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) {
    process.stderr.write(`missing: ${names.join(', ')}; the tests that need them will fail\n`);
    return;
  }
  spawnSync('apt-get', ['update', '-q'], { stdio: 'inherit' });
  spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends'].concat(names), { stdio: 'inherit' });
}

function report() {
  let counts;
  try {
    counts = JSON.parse(readFileSync(summary, 'utf8'));
  } catch {
    counts = { passed: 0, failed: 1, skipped: 0, skippedNames: [] };
  }
  rmSync(folder, { recursive: true, force: true });
  for (const name of counts.skippedNames) process.stdout.write(`skipped: ${name}\n`);
  if (result.status !== 0 && counts.failed === 0) counts.failed = 1;
  // In CI nothing is skipped but what needs test data from outside of the repository.
  const unexcused = process.env.CI
    ? counts.skippedNames.filter((name) => !name.includes('TERROIR_TEST_DATA')).length
    : 0;
  if (unexcused > 0) process.stdout.write(`${unexcused} skipped without an excuse count as failed\n`);
  const failed = counts.failed + unexcused;
  const skipped = counts.skipped - unexcused;
  process.stdout.write(`${counts.passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  return failed > 0 ? 1 : 0;
}
