import { AppError, isAppError } from '../../errors/index.ts';
import type { Http } from '../../io/index.ts';
import type { Channel } from './channel.ts';
import { channelError } from './channel-error.ts';
import { variants } from './subdir-cache.ts';

/** Asks a channel for one byte of its records. Answers the form that it has. @throws AppError that names the channel. */
export async function reachChannel(channel: Channel, http: Http, signal?: AbortSignal): Promise<string> {
  let failure: unknown;
  for (const source of channel.sources) {
    for (const file of Object.values(variants)) {
      try {
        const response = await http.get(`${source}/noarch/${file}`, { headers: { range: 'bytes=0-0' }, signal });
        // A server that ignores the range sends everything: not more than the first piece is taken.
        for await (const _piece of response.stream()) break;
        return file;
      } catch (error) {
        failure = error;
        if (!isAppError(error, 'HTTP_ERROR')) break;
      }
    }
  }
  throw channelError(channel, failure ?? new AppError('UNREACHABLE', 'no address is configured for it'));
}
