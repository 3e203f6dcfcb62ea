import { AppError, isAppError } from '../../errors/index.ts';
import type { HttpResponse } from '../../io/index.ts';
import { type Descriptor, ImageIndex, mediaTypes } from '../../schema/index.ts';
import { algorithmOf, digestOf, isDigest } from '../names.ts';
import { readManifest } from '../store/read-manifest.ts';
import { discard } from './failure.ts';
import type { Place, Transport } from './transport.ts';

export interface RemoteManifest {
  digest: string;
  mediaType: string;
  bytes: Buffer;
}

const accept = [mediaTypes.ociManifest, mediaTypes.ociIndex, mediaTypes.dockerManifest, mediaTypes.dockerList].join(
  ', ',
);
/** More than any registry takes. */
const readAtMost = 16 << 20;

/** What is behind a tag or digest, without reading it; undefined if it is not there, or the registry tells no digest. */
export async function headManifest(
  transport: Transport,
  place: Place,
  { reference, signal }: Wanted,
): Promise<Descriptor | undefined> {
  const response = await transport.send(place, {
    method: 'HEAD',
    path: `manifests/${reference}`,
    headers: { accept },
    // Some registries know no HEAD here; the GET that follows will tell.
    expect: [200, 404, 405],
    what: whatOf(place, reference),
    signal,
  });
  await discard(response);
  const { 'docker-content-digest': digest = '', 'content-type': mediaType, 'content-length': size } = response.headers;
  if (response.status !== 200 || !isDigest(digest) || !mediaType || !size) return undefined;
  refuseSchema1(place, reference, mediaType);
  return { digest, mediaType: bare(mediaType), size: Number(size) };
}

export interface Wanted {
  /** Tag or digest. */
  reference: string;
  signal?: AbortSignal;
}

/** A manifest with its bytes, which are what the digest says. @throws AppError DIGEST_MISMATCH, INVALID_IMAGE, UNSUPPORTED_FORMAT (schema 1), and those of `Transport.send`. */
export async function getManifest(transport: Transport, place: Place, wanted: Wanted): Promise<RemoteManifest> {
  const { reference, signal } = wanted;
  const what = whatOf(place, reference);
  const path = `manifests/${reference}`;
  const response = await transport.send(place, { path, headers: { accept }, expect: [200], what, signal });
  const declared = response.headers['content-type'] ?? '';
  refuseSchema1(place, reference, declared);
  const bytes = await readAll(response, { place, reference });
  const announced = response.headers['docker-content-digest'] ?? '';
  const expected = isDigest(reference) ? reference : announced;
  const digest = digestOf(bytes, algorithmOf(expected));
  if (isDigest(expected) && digest !== expected) {
    throw new AppError(
      'DIGEST_MISMATCH',
      `\`${shown(place, reference)}\` has the digest ${digest}, and ${expected} was promised`,
      {
        hint: 'The registry is damaged, or something between here and there answers in its place.',
        details: { expected, actual: digest },
      },
    );
  }
  const { mediaType } = readManifest(bytes, declared);
  return { digest, mediaType, bytes };
}

/** Stores a manifest under a tag or its digest. A referrer is entered in its subject's list where the registry does not do that itself. */
export async function putManifest(
  transport: Transport,
  place: Place,
  push: { bytes: Uint8Array; mediaType?: string; reference?: string; signal?: AbortSignal },
): Promise<{ digest: string }> {
  const { bytes, reference, signal } = push;
  const { mediaType, subject, artifactType, annotations } = readManifest(bytes, push.mediaType);
  const digest = digestOf(bytes, reference?.startsWith('sha512:') === true ? 'sha512' : 'sha256');
  if (reference !== undefined && isDigest(reference) && reference !== digest) {
    throw new AppError('DIGEST_MISMATCH', `the manifest has the digest ${digest}, not ${reference}`);
  }
  const response = await transport.send(place, {
    method: 'PUT',
    path: `manifests/${reference ?? digest}`,
    headers: { 'content-type': mediaType },
    body: () => bytes,
    expect: [200, 201, 202],
    what: whatOf(place, reference ?? digest),
    signal,
  });
  await discard(response);
  const answered = response.headers['docker-content-digest'];
  if (answered && isDigest(answered) && algorithmOf(answered) === algorithmOf(digest) && answered !== digest) {
    throw new AppError(
      'DIGEST_MISMATCH',
      `\`${shown(place, reference ?? digest)}\` was stored as ${answered}, not as ${digest}`,
    );
  }
  if (subject !== undefined && response.headers['oci-subject'] === undefined) {
    const descriptor = { mediaType, digest, size: bytes.length, artifactType, annotations };
    await changeReferrers(transport, place, { subject, signal, change: (list) => addOnce(list, descriptor) });
  }
  return { digest };
}

/** Takes a manifest or a tag away; false if it was not there. */
export async function removeManifest(transport: Transport, place: Place, wanted: Wanted): Promise<boolean> {
  const { reference, signal } = wanted;
  const known = isDigest(reference) ? await getManifest(transport, place, wanted).catch(missing) : undefined;
  const what = whatOf(place, reference);
  const path = `manifests/${reference}`;
  const response = await transport.send(place, { method: 'DELETE', path, expect: [200, 202, 404], what, signal });
  await discard(response);
  const subject = known === undefined ? undefined : readManifest(known.bytes, known.mediaType).subject;
  if (
    response.status !== 404 &&
    subject !== undefined &&
    (await referrersOf(transport, place, { digest: subject, signal })) === undefined
  ) {
    await changeReferrers(transport, place, {
      subject,
      signal,
      change: (list) => list.filter(({ digest }) => digest !== reference),
    });
  }
  return response.status !== 404;
}

/** Who names a manifest as its subject; by the tag that stands in for the list where the registry keeps none. */
export async function listRemoteReferrers(
  transport: Transport,
  place: Place,
  { digest, artifactType, signal }: { digest: string; artifactType?: string; signal?: AbortSignal },
): Promise<Descriptor[]> {
  const found =
    (await referrersOf(transport, place, { digest, artifactType, signal })) ??
    (await fallbackReferrers(transport, place, { subject: digest, signal }));
  return artifactType === undefined ? found : found.filter((each) => each.artifactType === artifactType);
}

/** Undefined if the registry has no such list. */
async function referrersOf(
  transport: Transport,
  place: Place,
  { digest, artifactType, signal }: { digest: string; artifactType?: string; signal?: AbortSignal },
): Promise<Descriptor[] | undefined> {
  const query = artifactType === undefined ? '' : `?${new URLSearchParams({ artifactType }).toString()}`;
  const found: Descriptor[] = [];
  let path: string | undefined = `referrers/${digest}${query}`;
  const seen = new Set<string>();
  while (path !== undefined && !seen.has(path)) {
    seen.add(path);
    const what = `the referrers of \`${shown(place, digest)}\``;
    const response: HttpResponse = await transport.send(place, {
      path,
      headers: { accept: mediaTypes.ociIndex },
      expect: [200, 404, 405],
      what,
      signal,
    });
    if (response.status !== 200) {
      await discard(response);
      return undefined;
    }
    found.push(...parseIndex(await readAll(response, { place, reference: digest }), shown(place, digest)));
    path = nextPath(response);
  }
  return found;
}

/** The `Link` to the following page (RFC 8288). */
export function nextPath({ headers }: HttpResponse): string | undefined {
  return /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(headers.link ?? '')?.[1];
}

interface Fallback {
  subject: string;
  signal?: AbortSignal;
}

async function fallbackReferrers(
  transport: Transport,
  place: Place,
  { subject, signal }: Fallback,
): Promise<Descriptor[]> {
  const found = await getManifest(transport, place, { reference: fallbackTag(subject), signal }).catch(missing);
  if (found === undefined) return [];
  return found.mediaType === mediaTypes.ociIndex ? parseIndex(found.bytes, shown(place, fallbackTag(subject))) : [];
}

async function changeReferrers(
  transport: Transport,
  place: Place,
  { subject, signal, change }: Fallback & { change: (list: Descriptor[]) => Descriptor[] },
): Promise<void> {
  const manifests = change(await fallbackReferrers(transport, place, { subject, signal }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  await putManifest(transport, place, { bytes, reference: fallbackTag(subject), signal });
}

/** Specification, "Referrers Tag Schema". */
function fallbackTag(digest: string): string {
  return digest.replace(':', '-').slice(0, 'sha512-'.length + 64);
}

function addOnce(list: readonly Descriptor[], descriptor: Descriptor): Descriptor[] {
  return [...list.filter(({ digest }) => digest !== descriptor.digest), descriptor];
}

function parseIndex(bytes: Uint8Array, what: string): Descriptor[] {
  try {
    return ImageIndex.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))).manifests;
  } catch (error) {
    throw new AppError('INVALID_IMAGE', `the list of referrers of \`${what}\` is none`, { cause: error });
  }
}

async function readAll(
  response: HttpResponse,
  { place, reference }: { place: Place; reference: string },
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of response.stream()) {
      size += piece.length;
      if (size > readAtMost) break;
      pieces.push(piece);
    }
  } catch (error) {
    throw new AppError('UNREACHABLE', `\`${shown(place, reference)}\` could not be read: the connection broke`, {
      cause: error,
    });
  }
  if (size <= readAtMost) return Buffer.concat(pieces);
  throw new AppError('INVALID_IMAGE', `\`${shown(place, reference)}\` is too large for a manifest`);
}

function refuseSchema1(place: Place, reference: string, mediaType: string): void {
  if (!mediaType.includes('docker.distribution.manifest.v1')) return;
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    `\`${shown(place, reference)}\` is an image of schema 1, which nobody makes since 2017`,
    {
      hint: 'Pull it with an old Docker and push it again, or choose a newer tag.',
    },
  );
}

function missing(error: unknown): undefined {
  if (!isAppError(error, 'IMAGE_NOT_FOUND')) throw error;
}

function bare(mediaType: string): string {
  return mediaType.split(';')[0]?.trim() ?? mediaType;
}

function whatOf(place: Place, reference: string): string {
  return `the image \`${place.repository}${isDigest(reference) ? '@' : ':'}${reference}\``;
}

function shown(place: Place, reference: string): string {
  return `${place.registry}/${place.repository}${isDigest(reference) ? '@' : ':'}${reference}`;
}
