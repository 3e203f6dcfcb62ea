/**
 * A registry as the OCI distribution specification 1.1 has it: a store on disk, another that keeps all in a registry elsewhere, the server's handlers over either, and a client
 * for any registry.
 *
 * Invariants: content is verified when it comes in, and again before it goes out if it may have changed; nothing is tagged before all that it names
 * is there; a repository shows only the blobs that were pushed or mounted to it; many processes may use one folder at once, and garbage collection
 * may run meanwhile.
 *
 * Tree:
 *   <root>/blobs/<algorithm>/<2>/<hex>                           content, read-only; the same tree as the workspace's own
 *   <root>/repositories/<name>/_blobs/<algorithm>/<hex>          empty: the blob is in the repository
 *   <root>/repositories/<name>/_manifests/<algorithm>/<hex>      media type, size and subject of a manifest
 *   <root>/repositories/<name>/_tags/<tag>.json                  the digest that a tag points to
 *   <root>/repositories/<name>/_referrers/<algorithm>/<hex>/<algorithm>-<hex>   descriptor of a manifest whose subject that is
 *   <root>/repositories/<name>/_uploads/<id>                     what has come of an upload
 *   <root>/damaged/                                              content that was found not to be what its name says
 *   <root>/locks/garbage                                         held by whoever collects garbage
 * One elsewhere has here but:
 *   <folder>/<16 hex>-<id>                                       what has come of an upload
 *   <folder>/loose.json                                          what garbage collection found that nothing holds, and when
 */
export {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
  type RemoteRepository,
} from './client/client.ts';
export {
  type Credentials,
  createDockerCredentials,
  type FindCredentials,
} from './client/docker-credentials.ts';
export type { BlobSource, Pushed } from './client/push-blob.ts';
export type { RemoteManifest } from './client/remote-manifests.ts';
export { keepLayer } from './keep-while-read.ts';
export { createRemoteRegistry, type RemoteRegistryOptions } from './remote/remote-registry.ts';
export { remoteSink, remoteSource } from './remote-image.ts';
export { repositorySink, repositorySource } from './repository-image.ts';
export { type Access, type Authorize, createRegistryHandler, type RegistryHandler } from './server/handler.ts';
export type { StoredManifest } from './store/check-push.ts';
export type { GarbageOptions, GarbageReport } from './store/collect-garbage.ts';
export type { Damage } from './store/content.ts';
export {
  createRegistry,
  type Registry,
  type RegistryOptions,
  type Repository,
} from './store/registry.ts';
export type { BlobFacts } from './store/uploads.ts';
