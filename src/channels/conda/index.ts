/**
 * conda channels: conda's configuration and credentials, repodata in all its forms, rattler as the solver, and fetching archives.
 *
 * Invariants: what the user configured for conda holds here; credentials reach a server only in a header or in an address that is sent to that
 * server, and never a lock, an error or the solver; of a channel's records only those are read that can play a part; the solver runs in a thread
 * that may die, and sees no address but its own.
 *
 * Tree:
 *   <store>/repodata/<key>/state.json             what is known of a channel's folder: form, ETag, when it was asked
 *   <store>/repodata/<key>/<generation>.content   its records one behind the other, or its index of shards
 *   <store>/repodata/<key>/<generation>.index     where the records of each name are
 *   <store>/repodata/shards/<2>/<sha256>          a shard, as the channel serves it
 *   <store>/answers/<sha256>                      the last answer to a question, and of which content it is
 *   <store>/distributions/<sha256>.json           what pip would find installed of an archive
 *   <store>/measured/                             digests and sizes of archives whose channel does not tell them
 */
export { type Channel, resolveChannels } from './channel.ts';
export { type CondaConfiguration, readCondaConfiguration } from './conda-configuration.ts';
export { readCondaCredentials } from './credentials.ts';
export { defaultChannel } from './default-channels.ts';
export { fetchArchive } from './fetch-archive.ts';
export { createKnownChannels, type KnownChannels } from './known-channels.ts';
export { createRattlerSolver } from './rattler-solver.ts';
export { reachChannel } from './reach-channel.ts';
