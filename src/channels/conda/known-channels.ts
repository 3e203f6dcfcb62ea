import type { Channel } from './channel.ts';

/** The channels that have been named so far: their credentials and mirrors hold for whatever lies below their addresses. */
export interface KnownChannels {
  add: (channels: readonly Channel[]) => void;
  all: () => readonly Channel[];
}

export function createKnownChannels(): KnownChannels {
  const byUrl = new Map<string, Channel>();
  return {
    add: (channels) => {
      for (const channel of channels) byUrl.set(channel.url, channel);
    },
    all: () => [...byUrl.values()],
  };
}
