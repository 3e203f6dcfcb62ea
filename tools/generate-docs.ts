/** Writes the pages of docs/ that are made from tables in the code; `--check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandsPage } from '../src/cli/commands-page.ts';
import { checksPage } from '../src/definition/checks/index.ts';
import { catalogPage } from './catalog-page.ts';
import { errorsPage } from './errors-page.ts';
import { sdkPage } from './sdk-page.ts';

const docs = join(import.meta.dirname, '..', 'docs');
const pages: Readonly<Record<string, string>> = {
  'catalog.md': catalogPage(),
  'errors.md': errorsPage(),
  'checks.md': checksPage(),
  'commands.md': await commandsPage(),
  'sdk.md': sdkPage(),
};

for (const [name, text] of Object.entries(pages)) {
  const path = join(docs, name);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readIfThere(path) !== text) {
    console.error(`docs/${name} is not up to date: run \`npm run docs\``);
    process.exitCode = 1;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
