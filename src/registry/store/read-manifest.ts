import { type Descriptor, ImageIndex, ImageManifest, mediaTypes } from '../../schema/index.ts';
import { algorithmOf, digestOf } from '../names.ts';
import { registryError } from '../registry-error.ts';

/** What clients may count on (specification, "Pushing Manifests"), and as much as we take. */
export const largestManifest = 4 << 20;

/** Something that a manifest names. */
export interface ManifestReference {
  digest: string;
  size: number;
  kind: 'blob' | 'manifest';
  /** Has to be there before the manifest may be. */
  required: boolean;
}

/** What the registry has to know of a manifest. */
export interface ManifestFacts {
  mediaType: string;
  artifactType: string | undefined;
  annotations: Record<string, string> | undefined;
  /** Digest of the manifest that this one is about. */
  subject: string | undefined;
  references: ManifestReference[];
}

const images: ReadonlySet<string> = new Set([mediaTypes.ociManifest, mediaTypes.dockerManifest]);
const indexes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerList]);
/** Layers that may not be distributed stay where they are. */
const foreign = /nondistributable|\.foreign\./;

/** @throws MANIFEST_INVALID. `contentType` is the request's, and may be missing or have parameters. */
export function readManifest(bytes: Uint8Array, contentType: string | undefined): ManifestFacts {
  const document = parse(bytes);
  const declared = contentType?.split(';')[0]?.trim().toLowerCase() || undefined;
  const own = typeof document.mediaType === 'string' ? document.mediaType : undefined;
  if (document.schemaVersion === 1) {
    throw invalid('manifests of schema 1 are not taken: push with a client from 2017 or later');
  }
  const mediaType = declared === undefined || isVague(declared) ? (own ?? guess(document)) : declared;
  if (own !== undefined && own !== mediaType) {
    throw invalid(`it calls itself \`${own}\`, and was sent as \`${mediaType}\``);
  }
  if (images.has(mediaType)) return readImage(document, mediaType);
  if (indexes.has(mediaType)) return readIndex(document, mediaType);
  throw invalid(`\`${mediaType}\` is no type of manifest that this registry takes`);
}

/** What is an image and an index at the same time would be read differently by different clients. */
function checkOneKind(document: Record<string, unknown>, others: readonly string[]): void {
  const other = others.find((key) => document[key] !== undefined);
  if (other !== undefined) throw invalid(`it has \`${other}\`, which its type does not have`);
}

function readImage(document: Record<string, unknown>, mediaType: string): ManifestFacts {
  checkOneKind(document, ['manifests', 'fsLayers']);
  const { data, error } = ImageManifest.safeParse(document);
  if (data === undefined) throw invalid(firstProblem(error));
  return {
    mediaType,
    artifactType: data.artifactType || data.config.mediaType,
    annotations: data.annotations,
    subject: data.subject?.digest,
    references: [data.config, ...data.layers].map((each) => toReference(each, 'blob', !isElsewhere(each))),
  };
}

function readIndex(document: Record<string, unknown>, mediaType: string): ManifestFacts {
  checkOneKind(document, ['layers', 'config', 'fsLayers']);
  const { data, error } = ImageIndex.safeParse(document);
  if (data === undefined) throw invalid(firstProblem(error));
  return {
    mediaType,
    artifactType: data.artifactType || undefined,
    annotations: data.annotations,
    subject: data.subject?.digest,
    references: data.manifests.map((each) => toReference(each, 'manifest', true)),
  };
}

function isElsewhere({ mediaType, urls }: Descriptor): boolean {
  return foreign.test(mediaType) || (urls !== undefined && urls.length > 0);
}

function toReference(descriptor: Descriptor, kind: 'blob' | 'manifest', required: boolean): ManifestReference {
  const { digest, size, data } = descriptor;
  // Content that stands in the descriptor itself has to be what the descriptor says.
  if (typeof data === 'string') {
    const bytes = Buffer.from(data, 'base64');
    if (bytes.length !== size || digestOf(bytes, algorithmOf(digest)) !== digest) {
      throw invalid(`the data in the descriptor of \`${digest}\` is not what the digest says`);
    }
  }
  return { digest, size, kind, required };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw invalid('it is no JSON document', error);
  }
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) return { ...document };
  throw invalid('it is no JSON object');
}

function isVague(type: string): boolean {
  return type === 'application/json' || type === 'application/octet-stream' || type === 'text/plain';
}

function guess(document: Record<string, unknown>): string {
  return document.manifests === undefined ? mediaTypes.ociManifest : mediaTypes.ociIndex;
}

function firstProblem(error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } | undefined) {
  const { path = [], message = 'unknown' } = error?.issues[0] ?? {};
  return `${path.length === 0 ? 'the document' : `\`${path.map(String).join('.')}\``}: ${message}`;
}

function invalid(why: string, cause?: unknown) {
  return registryError('MANIFEST_INVALID', `the manifest is not valid: ${why}`, { cause });
}
