/** A registry server as a process of its own: `serve-child.ts FOLDER [PORT]`. Prints its address, then what went wrong. */
import { serveHttp } from '../../../src/io/index.ts';
import { createRegistry, createRegistryHandler } from '../../../src/registry/index.ts';

const [root = '', port = '0'] = process.argv.slice(2);
const registry = createRegistry(root, { onDamage: ({ digest }) => console.log(`damaged ${digest}`) });
const server = await serveHttp(
  createRegistryHandler({ registry, onFailure: (error) => console.log(`failed: ${String(error)}`) }),
  { port: Number(port) },
);
console.log(server.url);
