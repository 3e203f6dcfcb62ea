import { AppError } from '../../errors/index.ts';
import { inParallel } from '../../io/index.ts';
import type { Channel } from './channel.ts';
import type { OpenChannel } from './collect-records.ts';
import { fetchRepodata, type RepodataTools } from './fetch-repodata.ts';
import { contentOf, type FetchedSubdir, openSubdir, type Subdir } from './open-subdir.ts';

/** A channel's folders that count for a platform, by name, up to date and not opened yet. */
export interface FetchedChannel {
  channel: Channel;
  subdirs: ReadonlyMap<string, FetchedSubdir>;
}

/** Asks the channels what is new. @throws AppError that names the channel. */
export async function fetchChannels(
  channels: readonly Channel[],
  { platform, ...tools }: RepodataTools & { platform: string; refresh: boolean },
): Promise<FetchedChannel[]> {
  return await inParallel(channels, channels.length, async (channel) => {
    const wanted = [platform, 'noarch'].filter((subdir) => channel.subdirs?.includes(subdir) ?? true);
    const subdirs = await inParallel(
      wanted,
      wanted.length,
      async (subdir) => [subdir, await fetchRepodata(channel, subdir, tools)] as const,
    );
    if (subdirs.some(([, fetched]) => contentOf(fetched) !== undefined) || wanted.length === 0)
      return { channel, subdirs: new Map(subdirs) };
    throw new AppError('HTTP_ERROR', `there is no channel \`${channel.name}\` at \`${channel.url}\``, {
      hint: `Neither \`${wanted.join('` nor `')}\` is there. Is the name right? Some servers answer like this without a login.`,
      details: { channel: channel.url, status: 404 },
    });
  });
}

/** Whoever opened them closes their folders. */
export async function openChannels(fetched: readonly FetchedChannel[], tools: RepodataTools): Promise<OpenChannel[]> {
  const opened: Subdir[] = [];
  try {
    return await inParallel(fetched, fetched.length, async ({ channel, subdirs }) => {
      const found = await inParallel([...subdirs], subdirs.size, async ([subdir, each]) => {
        const open = await openSubdir(channel, subdir, { ...tools, refresh: false, fetched: each });
        if (open !== undefined) opened.push(open);
        return open;
      });
      return { channel, subdirs: found.filter((subdir) => subdir !== undefined) };
    });
  } catch (error) {
    await Promise.all(opened.map(async (subdir) => await subdir.close()));
    throw error;
  }
}

/** Address of a folder → what it has; those that are not there are missing. */
export function fetchedContents(fetched: readonly FetchedChannel[]): Record<string, string> {
  const entries = fetched.flatMap(({ channel, subdirs }) =>
    [...subdirs].flatMap(([subdir, each]) => {
      const content = contentOf(each);
      return content === undefined ? [] : [[`${channel.url}/${subdir}`, content] as const];
    }),
  );
  return Object.fromEntries(entries);
}

/** The same, of what was really opened. */
export function openContents(open: readonly OpenChannel[]): Record<string, string> {
  return Object.fromEntries(
    open.flatMap(({ channel, subdirs }) =>
      subdirs.map(({ subdir, content }) => [`${channel.url}/${subdir}`, content] as const),
    ),
  );
}
