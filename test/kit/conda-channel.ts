import { readFile } from 'node:fs/promises';
import { type ChannelPackage, type PackageRecord, recordOf } from './conda/channel-package.ts';
import { type RepodataForm, repodataForms, writeRepodata } from './conda/repodata.ts';
import { type FileServer, type FileServerOptions, type ServedFile, startFileServer } from './file-server.ts';

export interface CondaChannelOptions extends FileServerOptions {
  /** In which forms the channel says what it has; all by default. */
  forms?: readonly RepodataForm[];
  /** Everything is below `/t/TOKEN/`, and nowhere else. */
  token?: string;
  cacheControl?: string;
  /** What the channel says of a package, where it is not what the package says of itself. */
  patch?: (filename: string, record: PackageRecord) => PackageRecord;
}

export interface CondaChannel extends Pick<FileServer, 'origin' | 'port' | 'requests' | 'break' | 'close'> {
  /** The channel's address, with its token if it has one. */
  url: string;
  /** With user and password in it. */
  urlWithLogin: string;
  publish(name: string, pkg: ChannelPackage): void;
  withdraw(name: string, filename: string): void;
  /** Another channel of the same server. */
  urlOf(name: string): string;
}

/** The name of the channel that `packages` are in. */
const firstName = 'main';

/** A conda channel over HTTP on a free loopback port; more of them by `publish`. A folder without packages does not exist, but `noarch` always does. */
export async function startCondaChannel(
  packages: readonly ChannelPackage[] = [],
  options: CondaChannelOptions = {},
): Promise<CondaChannel> {
  const channels = new Map<string, Map<string, ChannelPackage>>();
  const documents = new Map<string, Map<string, Buffer>>();
  const channelOf = (name: string): Map<string, ChannelPackage> => {
    const found = channels.get(name) ?? new Map<string, ChannelPackage>();
    channels.set(name, found);
    return found;
  };
  const publish = (name: string, pkg: ChannelPackage): void => {
    channelOf(name).set(`${recordOf(pkg).subdir}/${pkg.filename}`, pkg);
    documents.clear();
  };
  channelOf(firstName);
  for (const pkg of packages) publish(firstName, pkg);
  const start = options.token === undefined ? '' : `/t/${options.token}`;
  const find = async (path: string): Promise<ServedFile | undefined> => {
    const [, name = '', subdir = '', file = ''] =
      (path.startsWith(`${start}/`) ? /^\/([^/]+)\/([^/]+)\/(.+)$/.exec(path.slice(start.length)) : null) ?? [];
    const channel = channels.get(name);
    if (channel === undefined) return undefined;
    const pkg = channel.get(`${subdir}/${file}`);
    if (pkg !== undefined) {
      const body = 'path' in pkg ? await readFile(pkg.path) : Buffer.from(pkg.bytes);
      return { body, digest: recordOf(pkg).sha256, type: 'application/octet-stream' };
    }
    const own = [...channel.values()].filter((each) => recordOf(each).subdir === subdir);
    if (own.length === 0 && subdir !== 'noarch') return undefined;
    const key = `${name}/${subdir}`;
    const written =
      documents.get(key) ?? writeRepodata(subdir, recordsOf(own, options), options.forms ?? repodataForms);
    documents.set(key, written);
    const body = written.get(file);
    if (body === undefined) return undefined;
    return { body, type: 'application/octet-stream', cacheControl: options.cacheControl ?? 'public, max-age=0' };
  };
  const { origin, originWithLogin, port, requests, break: breakAt, close } = await startFileServer(find, options);
  return {
    origin,
    url: `${origin}${start}/${firstName}`,
    urlWithLogin: `${originWithLogin}${start}/${firstName}`,
    urlOf: (name) => `${origin}${start}/${name}`,
    port,
    requests,
    publish,
    withdraw: (name, filename) => {
      const channel = channelOf(name);
      for (const [key, pkg] of channel) if (pkg.filename === filename) channel.delete(key);
      documents.clear();
    },
    break: breakAt,
    close,
  };
}

function recordsOf(packages: readonly ChannelPackage[], { patch }: CondaChannelOptions): Record<string, PackageRecord> {
  return Object.fromEntries(
    packages.map((pkg) => [pkg.filename, patch?.(pkg.filename, recordOf(pkg)) ?? recordOf(pkg)]),
  );
}
