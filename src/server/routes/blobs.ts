import { Readable } from 'node:stream';
import { AppError } from '../../errors/index.ts';
import { ContentDigest } from '../../schema/index.ts';
import * as rest from '../../schema/rest/index.ts';
import type { ServerContext } from '../call-context.ts';
import { type Route, route } from '../route.ts';
import { json } from './parts.ts';

const tag = 'content';

/** Content by its digest: what the server has is not sent again. */
export function blobRoutes({ workspace, limits }: ServerContext): Route[] {
  const { blobs } = workspace;
  const sizeOf = async (params: Readonly<Record<string, string>>): Promise<{ digest: string; size: number }> => {
    const digest = digestOf(params);
    const size = await blobs.size(digest);
    if (size !== undefined) return { digest, size };
    throw new AppError('CONTENT_NOT_FOUND', `there is no content ${digest}`);
  };
  const headersOf = ({ digest, size }: { digest: string; size: number }): Record<string, string> => ({
    'content-length': String(size),
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment',
    etag: `"${digest}"`,
  });
  return [
    route({
      method: 'HEAD',
      path: '/blobs/:digest',
      role: 'reader',
      id: 'hasContent',
      tag,
      summary: 'Say whether content is there',
      answers: { 200: { description: 'It is there' } },
      handle: async ({ params }) => ({ headers: headersOf(await sizeOf(params)) }),
    }),
    route({
      method: 'GET',
      path: '/blobs/:digest',
      role: 'reader',
      id: 'getContent',
      tag,
      summary: 'Get content',
      answers: { 200: { description: 'The bytes', contentType: 'application/octet-stream' } },
      handle: async ({ params }) => {
        const found = await sizeOf(params);
        return { headers: headersOf(found), body: Readable.from(blobs.stream(found.digest)) };
      },
    }),
    route({
      method: 'PUT',
      path: '/blobs/:digest',
      role: 'contributor',
      id: 'putContent',
      tag,
      summary: 'Upload content; it is kept only if it is what its digest says',
      description: 'Content that no record names is removed after a day.',
      rawBody: 'application/octet-stream',
      answers: { 200: json('It was there', rest.Blob), 201: json('It is there now', rest.Blob) },
      handle: async ({ params, request, reply }) => {
        const digest = digestOf(params);
        const size = await blobs.size(digest);
        if (size !== undefined) {
          request.raw.resume();
          return { body: { digest, size } };
        }
        const announced = Number(request.headers['content-length'] ?? 0);
        if (announced > limits.upload)
          throw new AppError('TOO_LARGE', `the upload is larger than ${limits.upload} bytes, the server’s limit`);
        const options = { digest, limit: limits.upload, patience: limits.patience };
        try {
          return { status: 201, body: await blobs.receive(request.raw, options) };
        } catch (error) {
          // Nobody reads the rest of what the client may still send.
          if (!request.raw.complete) reply.header('connection', 'close');
          throw error;
        }
      },
    }),
  ];
}

/** Lists are asked for as JSON, unlike content. */
export function missingRoute({ workspace: { blobs } }: ServerContext): Route {
  return route({
    method: 'POST',
    path: '/blobs/missing',
    role: 'reader',
    id: 'findMissing',
    tag,
    summary: 'Say which of many digests are not there yet',
    body: rest.FindMissing,
    answers: { 200: json('What has to be uploaded', rest.MissingContent) },
    handle: async ({ body: { digests } }) => {
      const missing: string[] = [];
      for (const digest of new Set(digests)) if ((await blobs.size(digest)) === undefined) missing.push(digest);
      return { body: { missing } };
    },
  });
}

/** `sha256:` may stand before it. */
function digestOf({ digest = '' }: Readonly<Record<string, string>>): string {
  const read = ContentDigest.safeParse(digest.replace(/^sha256:/, ''));
  if (read.success) return read.data;
  throw new AppError('USAGE', `\`${digest.slice(0, 100)}\` is no digest`, {
    hint: 'SHA-256, 64 lower-case hex digits.',
  });
}
