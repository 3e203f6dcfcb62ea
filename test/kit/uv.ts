import { homedir } from 'node:os';
import { join } from 'node:path';
import { ensureUv, readPipConfiguration, type Uv } from '../../src/channels/pypi/index.ts';
import { uvVersion } from '../../src/channels/pypi/uv-wheels.ts';
import { createHttp, hashFile, listInterpreters } from '../../src/io/index.ts';
import { silent } from '../../src/report/index.ts';
import { createStore } from '../../src/store/index.ts';

let found: Promise<Uv> | undefined;

/**
 * The uv that the product brings, because messages are compared and every version words them its own way: the one of this machine if it is that
 * version, else one that is brought once, into a folder that test runs share. Without a way to it, whatever this machine has.
 */
export async function uvForTests(): Promise<Uv> {
  found ??= find(process.env).then(async (uv) => {
    if (uv.version === uvVersion) return uv;
    const { PATH: _path, TERROIR_UV: _named, ...others } = process.env;
    return await find(others).catch(() => uv);
  });
  return await found;
}

async function find(env: NodeJS.ProcessEnv): Promise<Uv> {
  const storeRoot = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terroir-test', 'v1');
  const store = createStore({ root: storeRoot });
  const pip = await readPipConfiguration({ env, home: homedir() });
  const http = createHttp({ env, certificates: pip.certificates });
  try {
    return await ensureUv({
      env,
      storeRoot,
      http,
      places: {
        indexes: [...(pip.indexUrl === undefined ? [] : [pip.indexUrl]), ...pip.extraIndexUrls],
        findLinks: pip.findLinks,
      },
      offline: false,
      pythons: async () => {
        const search = { env: process.env, home: homedir(), cacheFolder: join(storeRoot, 'interpreters') };
        return (await listInterpreters(search)).map(({ executable }) => executable);
      },
      emit: silent,
      unpack: async ({ archive, filename }) => {
        const { sha256 } = await hashFile(archive);
        await store.addArchive(archive);
        return { folder: (await store.ensureWheel(sha256, filename)).folder };
      },
    });
  } finally {
    await http.close();
  }
}
