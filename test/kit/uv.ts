import { homedir } from 'node:os';
import { join } from 'node:path';
import { ensureUv } from '../../src/channels/pypi/index.ts';
import { createHttp, hashFile, listInterpreters } from '../../src/io/index.ts';
import { silent } from '../../src/report/index.ts';
import { createStore } from '../../src/store/index.ts';

/** The path of a uv for tests: what the machine has, or the pinned one, brought once and kept between test runs. */
export async function testUv(): Promise<string> {
  const { env } = process;
  const home = homedir();
  const root = join(home, '.cache', 'terroir-test');
  const store = createStore({ root });
  const http = createHttp({ env });
  const uv = await ensureUv({
    env,
    storeRoot: root,
    http,
    places: { indexes: [], findLinks: [] },
    offline: false,
    pythons: async () => (await listInterpreters({ env, home, cacheFolder: join(root, 'interpreters') })).map(({ executable }) => executable),
    emit: silent,
    unpack: async ({ archive, filename }) => {
      const { sha256 } = await hashFile(archive);
      await store.addArchive(archive);
      return { folder: (await store.ensureWheel(sha256, filename)).folder };
    },
  });
  await http.close();
  return uv.path;
}
