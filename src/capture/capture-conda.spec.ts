import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { capturePrefix } from './index.ts';

let prefix: string;
beforeEach(async () => {
  prefix = await mkdtemp(join(tmpdir(), 'terroir-capture-'));
});
afterEach(async () => await rm(prefix, { recursive: true, force: true }));

const write = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(join(prefix, path)), { recursive: true });
  await writeFile(join(prefix, path), text);
};

it.each([
  [
    'where its record says',
    'lib/python3.13t/site-packages',
    { python_site_packages_path: 'lib/python3.13t/site-packages' },
  ],
  ['where Python has them, where its record says nothing', 'lib/python3.13/site-packages', {}],
])('finds what pip installed: %s', async (_what, site, more) => {
  const file = 'python-3.13.1-h0_0_cp313t.conda';
  const python = { name: 'python', version: '3.13.1', build: 'h0_0_cp313t', subdir: 'linux-64', files: [], ...more };
  const url = `https://conda.example/forge/linux-64/${file}`;
  await write('conda-meta/python.json', JSON.stringify({ ...python, url }));
  await write(`${dirname(site)}/EXTERNALLY-MANAGED`, '');
  const info = `${site}/press-2.0.dist-info`;
  await write(`${info}/METADATA`, 'Metadata-Version: 2.1\nName: press\nVersion: 2.0\n');
  await write(`${info}/INSTALLER`, 'pip\n');
  await write(
    `${info}/RECORD`,
    ['METADATA', 'INSTALLER', 'RECORD'].map((name) => `press-2.0.dist-info/${name},,\n`).join(''),
  );
  const captured = await capturePrefix(prefix);
  expect(captured.wheels.map(({ name, version }) => `${name} ${version}`)).toEqual(['press 2.0']);
  expect(captured.findings).toEqual([]);
  expect(captured).toMatchObject({ kind: 'conda', python: '3.13', conda: [{ name: 'python' }] });
});
