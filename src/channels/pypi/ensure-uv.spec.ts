import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PypiIndex, startPypiIndex } from '../../../test/kit/pypi-index.ts';
import { createHttp, currentPlatform } from '../../io/index.ts';
import { silent } from '../../report/index.ts';
import { ensureUv, type UvSearch } from './ensure-uv.ts';
import { uvVersion, uvWheels } from './uv-wheels.ts';

let folder = '';
let search: UvSearch;
let index: PypiIndex | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-uv-'));
  search = {
    env: { PATH: join(folder, 'bin') },
    storeRoot: join(folder, 'store'),
    http: createHttp({ env: {}, retries: 0 }),
    places: { indexes: [], findLinks: [] },
    offline: false,
    pythons: async () => await Promise.resolve([]),
    emit: silent,
    unpack: async () => await Promise.reject(new Error('nothing should be unpacked')),
  };
});
afterEach(async () => {
  await search.http.close();
  await index?.close();
  index = undefined;
  await rm(folder, { recursive: true, force: true });
});

const program = async (path: string, text: string): Promise<string> => {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), `#!/bin/sh\n${text}\n`);
  await chmod(join(folder, path), 0o755);
  return join(folder, path);
};

test('the named one, the one in PATH if it is new enough, the one that was brought', async () => {
  await expect(ensureUv({ ...search, lookOnly: true })).rejects.toMatchObject({
    code: 'TOOL_NOT_FOUND',
    message: 'uv is not on this machine yet',
  });
  const kept = await program(`store/tools/uv-${uvVersion}/uv`, '');
  expect(await ensureUv(search)).toEqual({ path: kept, version: uvVersion, origin: 'store' });
  await program('bin/uv', 'echo "uv 0.1.2 (abc)"');
  expect((await ensureUv(search)).origin).toBe('store');
  const onPath = await program('bin/uv', 'echo "uv 99.0.0"');
  expect(await ensureUv(search)).toEqual({ path: onPath, version: '99.0.0', origin: 'PATH' });
  const named = await program('mine/uv', 'echo "uv 0.1.2"');
  search.env.TERROIR_UV = named;
  expect(await ensureUv(search)).toEqual({ path: named, version: '0.1.2', origin: 'TERROIR_UV' });
  search.env.TERROIR_UV = join(folder, 'nothing');
  await expect(ensureUv(search)).rejects.toMatchObject({
    code: 'TOOL_NOT_FOUND',
    hint: 'Correct the path, or unset the variable.',
  });
});

test('an index with another file under its name is not believed', async () => {
  const wheel = uvWheels.find(({ platform }) => platform === currentPlatform());
  if (wheel === undefined) return;
  index = await startPypiIndex(uvWheels.map(({ filename }) => ({ filename, bytes: Buffer.from('not uv') })));
  search.places = { indexes: [index.url], findLinks: [] };
  await expect(ensureUv(search)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(await readFile(join(folder, 'store', 'tools', `uv-${uvVersion}`, 'uv')).catch(() => 'none')).toBe('none');
});

test('where nobody has it: what to do', async () => {
  index = await startPypiIndex([]);
  search.places = { indexes: [index.url], findLinks: [] };
  await expect(ensureUv(search)).rejects.toMatchObject({
    code: 'TOOL_NOT_FOUND',
    hint: expect.stringContaining('TERROIR_UV') as unknown,
  });
  search.pythons = async () => [await program('bin/python', 'echo "No module named pip" >&2; exit 1')];
  await expect(ensureUv(search)).rejects.toMatchObject({
    message: 'uv is needed to resolve requirements, and it could not be fetched: No module named pip',
  });
  await expect(ensureUv({ ...search, offline: true })).rejects.toMatchObject({ code: 'OFFLINE' });
  search.places = { indexes: ['http://127.0.0.1:1/simple'], findLinks: [] };
  await expect(ensureUv(search)).rejects.toMatchObject({
    message: expect.stringContaining('nobody listens there') as unknown,
  });
});
