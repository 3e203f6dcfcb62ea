import { deleteBlob, getBlob } from './blob-routes.ts';
import { type Answer, type Call, jsonAnswer } from './call.ts';
import { listReferrers, listRepositories, listTags } from './list-routes.ts';
import { deleteManifest, getManifest, putManifest } from './manifest-routes.ts';
import { cancelUpload, continueUpload, finishUpload, startUpload, uploadStatus } from './upload-routes.ts';

/** What a client wants to do; with a repository, or (pull) with the registry as a whole. */
export type Action = 'pull' | 'push' | 'delete';

interface Route {
  /** `name` and `item` are what the handler gets. */
  pattern: RegExp;
  methods: Readonly<Record<string, { action: Action; handle: (call: Call) => Promise<Answer> }>>;
}

const ping = async (): Promise<Answer> => await Promise.resolve(jsonAnswer(200, {}));

/** The end points of the distribution specification. HEAD is answered wherever GET is. */
const routes: readonly Route[] = [
  { pattern: /^\/v2\/?$/, methods: { GET: { action: 'pull', handle: ping } } },
  { pattern: /^\/v2\/_catalog$/, methods: { GET: { action: 'pull', handle: listRepositories } } },
  {
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/,
    methods: { POST: { action: 'push', handle: startUpload } },
  },
  {
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<item>[^/]+)$/,
    methods: {
      GET: { action: 'push', handle: uploadStatus },
      PATCH: { action: 'push', handle: continueUpload },
      PUT: { action: 'push', handle: finishUpload },
      DELETE: { action: 'push', handle: cancelUpload },
    },
  },
  {
    pattern: /^\/v2\/(?<name>.+)\/blobs\/(?<item>[^/]+)$/,
    methods: { GET: { action: 'pull', handle: getBlob }, DELETE: { action: 'delete', handle: deleteBlob } },
  },
  {
    pattern: /^\/v2\/(?<name>.+)\/manifests\/(?<item>[^/]+)$/,
    methods: {
      GET: { action: 'pull', handle: getManifest },
      PUT: { action: 'push', handle: putManifest },
      DELETE: { action: 'delete', handle: deleteManifest },
    },
  },
  { pattern: /^\/v2\/(?<name>.+)\/tags\/list$/, methods: { GET: { action: 'pull', handle: listTags } } },
  {
    pattern: /^\/v2\/(?<name>.+)\/referrers\/(?<item>[^/]+)$/,
    methods: { GET: { action: 'pull', handle: listReferrers } },
  },
];

export interface Match {
  name: string | undefined;
  item: string;
  methods: Route['methods'];
}

/** The route of a decoded path. */
export function matchRoute(path: string): Match | undefined {
  for (const { pattern, methods } of routes) {
    const match = pattern.exec(path);
    if (match !== null) return { name: match.groups?.name, item: match.groups?.item ?? '', methods };
  }
  return undefined;
}
