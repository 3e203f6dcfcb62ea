import type { Http } from '../../io/index.ts';
import type { Channel } from './channel.ts';
import { channelError } from './channel-error.ts';

export interface ArchiveTools {
  http: Http;
  /** Where packages may come from: credentials and mirrors of the channel count whose address a package's address begins with. */
  channels: readonly Channel[];
  signal?: AbortSignal;
  onProgress?: (done: number, total: number | undefined) => void;
}

/** A package file as a lock (or a record) names it. */
export interface ArchiveAddress {
  url: string;
  sha256?: string;
  size?: number;
}

/**
 * Downloads the archive of a conda package to `file`; it appears only complete and with the digest that was promised.
 * @throws AppError that names the channel; DIGEST_MISMATCH.
 */
export async function fetchArchive(
  { url, sha256, size }: ArchiveAddress,
  file: string,
  { http, channels, signal, onProgress }: ArchiveTools,
): Promise<{ sha256: string; size: number }> {
  return await fromSources(url, channels, async (address) => {
    return await http.download(address, file, { sha256, size, signal, onProgress });
  });
}

/** Tries the addresses that stand for `url`, one after the other. */
export async function fromSources<T>(
  url: string,
  channels: readonly Channel[],
  work: (address: string) => Promise<T>,
): Promise<T> {
  const channel = channels
    .filter((each) => url.startsWith(`${each.url}/`))
    .sort((a, b) => b.url.length - a.url.length)[0];
  if (channel === undefined) return await work(url);
  let failure: unknown;
  for (const source of channel.sources) {
    try {
      return await work(source + url.slice(channel.url.length));
    } catch (error) {
      failure ??= channelError(channel, error);
    }
  }
  throw failure;
}
