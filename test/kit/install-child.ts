/** Installs the wheels of a folder, as a process of its own that can be killed: `install-child.ts STORE WHEELS`. Says `{outcome, plans}`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAppError } from '../../src/errors/index.ts';
import { sha256 } from '../../src/schema/index.ts';
import { createMachine, type Installed } from './install.ts';

const [root = '', folder = ''] = process.argv.slice(2);
const wheels = readdirSync(folder)
  .sort()
  .map((filename): Installed => {
    const bytes = readFileSync(join(folder, filename));
    const [name = '', version = ''] = filename.split('-');
    return { filename, bytes, sha256: sha256(bytes), name, version };
  });
const machine = createMachine(root);
try {
  const { outcome } = await machine.install(wheels);
  console.log(JSON.stringify({ outcome, plans: machine.plans }));
} catch (error) {
  if (!isAppError(error)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
