import { AppError } from '../../errors/index.ts';
import { readText } from '../../io/index.ts';
import { type Channel, withoutSecrets } from './channel.ts';
import { channelError } from './channel-error.ts';
import { fetchRepodata, type RepodataTools } from './fetch-repodata.ts';
import { readSpooled, SpoolIndex } from './record-spool.ts';
import { readShards, ShardIndex } from './shards.ts';
import type { SubdirCache, SubdirState } from './subdir-cache.ts';

/** One folder of a channel (`linux-64`, `noarch`), ready to be asked for records. */
export interface Subdir {
  channel: Channel;
  subdir: string;
  /** Names what it has: another content has another name. */
  content: string;
  /** Where its packages are, without credentials and trailing slash. */
  packages: string;
  /** Whether it has records of a name. Known without looking at them. */
  has: (name: string) => boolean;
  /** All records of the names: file name → record, as the channel has it. */
  find: (names: readonly string[]) => Promise<[string, unknown][]>;
  close: () => Promise<void>;
}

/** What is known of a folder, up to date. */
export type FetchedSubdir = Awaited<ReturnType<typeof fetchRepodata>>;

/** See `Subdir.content`; undefined where the channel has no such folder. */
export function contentOf({ state: { variant, generation } }: FetchedSubdir): string | undefined {
  return variant === 'absent' ? undefined : `${variant}-${generation}`;
}

/**
 * Undefined where the channel has no such folder. With `fetched` nobody is asked again, unless it has gone meanwhile.
 * @throws AppError that names the channel.
 */
export async function openSubdir(
  channel: Channel,
  subdir: string,
  { refresh, fetched, ...tools }: RepodataTools & { refresh: boolean; fetched?: FetchedSubdir },
): Promise<Subdir | undefined> {
  for (let attempt = 0; ; attempt += 1) {
    const known = attempt === 0 ? fetched : undefined;
    const { state, cache } =
      known ?? (await fetchRepodata(channel, subdir, { ...tools, refresh: refresh && attempt === 0 }));
    if (state.variant === 'absent') return undefined;
    try {
      return state.variant === 'shards'
        ? await openShards(channel, subdir, { state, cache, tools })
        : await openSpool(channel, subdir, { state, cache });
    } catch (error) {
      if (attempt === 2) throw channelError(channel, error);
      // Replaced by another process a moment ago, or damaged.
      if (attempt === 1) await cache.forget();
    }
  }
}

interface Place {
  state: SubdirState;
  cache: SubdirCache;
}

async function openShards(
  channel: Channel,
  subdir: string,
  { state, cache, tools }: Place & { tools: RepodataTools },
): Promise<Subdir> {
  const index = ShardIndex.parse(JSON.parse(await readText(cache.indexPath(state.generation))));
  return {
    channel,
    subdir,
    content: contentOf({ state, cache }) ?? '',
    packages: packagesUrl(channel, subdir, index.baseUrl),
    has: (name) => Object.hasOwn(index.shards, name),
    find: async (names) => await readShards(names, index, { channel, subdir, tools }),
    close: () => Promise.resolve(),
  };
}

async function openSpool(channel: Channel, subdir: string, { state, cache }: Place): Promise<Subdir> {
  const index = SpoolIndex.parse(JSON.parse(await readText(cache.indexPath(state.generation))));
  const removed = new Set(index.removed);
  const info: unknown = index.info === undefined ? {} : JSON.parse(index.info);
  const base = typeof info === 'object' && info !== null && 'base_url' in info ? info.base_url : undefined;
  // Opened now, so that it is there for the whole solve, whatever others do.
  const input = await cache.openContent(state.generation);
  if (input === undefined || (await input.stat()).size !== index.size) {
    await input?.close();
    throw new AppError('CORRUPT_STORE', `the cached records of the channel \`${channel.name}\` are damaged`);
  }
  return {
    channel,
    subdir,
    content: contentOf({ state, cache }) ?? '',
    packages: packagesUrl(channel, subdir, typeof base === 'string' ? base : ''),
    has: (name) => Object.hasOwn(index.runs, name),
    find: async (names) => {
      try {
        return (await readSpooled(input, index, names)).filter(([filename]) => !removed.has(filename));
      } catch (error) {
        await cache.forget();
        throw new AppError('CORRUPT_STORE', `the cached records of the channel \`${channel.name}\` are damaged`, {
          hint: 'Try again: they are fetched anew.',
          cause: error,
        });
      }
    },
    close: async () => await input.close(),
  };
}

/** `base_url` (CEP 15) is relative to the folder, or an address of its own. */
function packagesUrl(channel: Channel, subdir: string, base: string): string {
  const folder = `${channel.url}/${subdir}`;
  if (base === '' || !URL.canParse(folder)) return folder;
  if (!URL.canParse(base, `${folder}/`)) return folder;
  return withoutSecrets(new URL(base, `${folder}/`).href);
}
