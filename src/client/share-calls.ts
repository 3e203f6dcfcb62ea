import {
  type App,
  findVersionToShare,
  openApp,
  type PackedContent,
  pushSharedImage,
  type Shareable,
  type SharedEnvironment,
} from '../app/index.ts';
import type { VersionToShare } from '../schema/rest/index.ts';
import type { Connection } from './connection.ts';
import { mirrorPlace } from './mirror-place.ts';
import { versionPath } from './paths.ts';
import { uploadMissing } from './upload.ts';

/** Versions that go from one workspace to another. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function createShareCalls({ api, emit }: Connection, token: string | undefined) {
  async function* contentOf(digest: string): AsyncGenerator<Uint8Array> {
    yield* (await api.send({ path: `/blobs/${digest}` })).stream();
  }
  return {
    /** A version of this server; its contents are asked for when somebody wants them. */
    readShareable: async (reference: string): Promise<Shareable> => {
      const version = await api.json<VersionToShare>({ path: `${versionPath(reference)}/shared` });
      const open = (digest: string): PackedContent => ({ open: () => contentOf(digest) });
      return { version, contents: new Map(version.contents.map((digest) => [digest, open(digest)])) };
    },

    /** Brings a version to this server. `app` knows the registry that its image is in. */
    takeShareable: async (app: App, { version, contents }: Shareable): Promise<SharedEnvironment> => {
      await uploadMissing({ api, emit }, contents);
      const { fingerprint, image } = version;
      if (image !== null) {
        const place = mirrorPlace(api.url, { env: app.env, home: app.home, token });
        const there = await openApp({ ...app, ...place });
        try {
          await pushSharedImage(
            app,
            { ...there, servedRegistry: place.servedRegistry },
            { fingerprint, digest: image.digest },
          );
        } finally {
          await there.close();
        }
      }
      const taken = await api.json<SharedEnvironment>({ method: 'POST', path: '/shared', body: version, waits: true });
      return { ...taken, target: api.url };
    },
  };
}

/** A version of the workspace of a folder. */
export async function readShareable(app: App, reference: string): Promise<Shareable> {
  const version = await findVersionToShare(app, reference);
  const { blobs } = await app.openWorkspace();
  return {
    version,
    contents: new Map(version.contents.map((digest) => [digest, { open: () => blobs.stream(digest) }])),
  };
}
