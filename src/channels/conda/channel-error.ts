import { AppError, type ErrorCode, isAppError } from '../../errors/index.ts';
import type { Channel } from './channel.ts';

/** What failed with a channel, as the user should read it: the channel is named, and the hint speaks of channels. */
export function channelError(channel: Channel, error: unknown): unknown {
  if (!isAppError(error) || untouched.has(error.code) || error.details?.channel !== undefined) return error;
  return new AppError(error.code, `the channel \`${channel.name}\` cannot be read: ${channel.hide(error.message)}`, {
    hint: hints[error.code] ?? error.hint,
    details: { status: error.details?.status, channel: channel.url },
    cause: error,
  });
}

/** A page or a broken file instead of what was asked for. */
export function brokenRepodata(channel: Channel, file: string, why: string, cause?: unknown): AppError {
  return new AppError('HTTP_ERROR', `the channel \`${channel.name}\` serves a broken \`${file}\`: ${why}`, {
    hint: 'Nothing of it was kept. Try again in a while; if it stays so, tell those who run the channel, or use a mirror (`channel_alias` in `~/.condarc`, or TERROIR_CHANNEL_ALIAS).',
    details: { channel: channel.url },
    cause,
  });
}

/** Not the channel's doing. */
const untouched = new Set<ErrorCode>(['CANCELED', 'DISK_FULL', 'PERMISSION_DENIED', 'INTERNAL', 'USAGE']);

const hints: Partial<Record<ErrorCode, string>> = {
  UNAUTHORIZED:
    'Give user and password in `~/.netrc` (machine HOST login USER password PASSWORD), a login in `~/.rattler/credentials.json`, or a token in the address by a variable: `https://HOST/t/${TOKEN}/CHANNEL`.',
  UNREACHABLE:
    'Check the connection; behind a proxy, set HTTPS_PROXY. If there is a mirror, name it: `channel_alias` in `~/.condarc`, or TERROIR_CHANNEL_ALIAS.',
  OFFLINE: 'Lock once without --offline; after that the channel’s records are on this machine.',
};
