/** Installs the conda packages of a folder, as a process of its own that can be killed: `conda-child.ts STORE PACKAGES`. Says `{outcome, plans}`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAppError } from '../../src/errors/index.ts';
import { createCondaMachine, readCondaPackage } from './conda-machine.ts';

const [root = '', folder = ''] = process.argv.slice(2);
const packages = readdirSync(folder)
  .sort()
  .map((filename) => readCondaPackage(filename, readFileSync(join(folder, filename))));
const machine = createCondaMachine(root);
try {
  const { outcome } = await machine.install(packages);
  console.log(JSON.stringify({ outcome, plans: machine.plans }));
} catch (error) {
  if (!isAppError(error)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
