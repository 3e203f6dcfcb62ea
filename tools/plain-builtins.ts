import type { Plugin } from 'esbuild';

/** Costly ones, loaded when the first of their functions is called or the first of their classes used. */
const heavy = new Set([
  'node:child_process',
  'node:crypto',
  'node:http',
  'node:https',
  'node:net',
  'node:tls',
  'node:worker_threads',
  'node:zlib',
]);

/**
 * For the bundle: Node's own modules, taken without the facade that an `import` of one makes. That reads every property, and with it starts what
 * nobody asked for (standard input, the web's crypto, fetch): 20 to 30 ms of each start.
 */
export const plainBuiltins: Plugin = {
  name: 'plain-builtins',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin', sideEffects: false } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ contents: moduleText(path) }));
  },
};

function moduleText(path: string): string {
  const exported = Object.entries(process.getBuiltinModule(path) ?? {}).filter(([name]) => /^[A-Za-z_]\w*$/.test(name));
  const isHeavy = heavy.has(path);
  const lines = exported.map(
    ([name, value]) => `const _${name} = ${isHeavy ? takeLate(name, value) : takeNow(name)};
      export { _${name} as ${name} };`,
  );
  const all = isHeavy ? 'new Proxy({}, { get: (_, key) => load()[key] })' : 'load()';
  return `let builtin;
    const load = () => (builtin ??= process.getBuiltinModule('${path}'));
    const take = (name) => load()[name];
    const all = /* @__PURE__ */ ${all};
    export default all;
    ${lines.join('\n')}`;
}

function takeNow(name: string): string {
  return `/* @__PURE__ */ take('${name}')`;
}

function takeLate(name: string, value: unknown): string {
  const symbol = typeof value === 'symbol' ? Symbol.keyFor(value) : undefined;
  if (symbol !== undefined) return `/* @__PURE__ */ Symbol.for('${symbol}')`;
  if (typeof value !== 'function') return takeNow(name);
  if (/^[a-z]/.test(name)) return `(...words) => load().${name}(...words)`;
  return `/* @__PURE__ */ new Proxy(function () {}, {
    construct: (_, words) => new (load().${name})(...words),
    get: (_, key) => load().${name}[key],
  })`;
}
