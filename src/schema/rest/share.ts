import * as z from 'zod';
import { ImageRevision } from '../image-record.ts';
import { Lock } from '../lock.ts';
import { ContentDigest } from '../uploads.ts';
import { DefinitionUpload } from './requests.ts';
import { TagMap, Text } from './text.ts';

/** All that goes along when a version is shared with another workspace: contents and the image by their digests. */
export const VersionToShare = z.strictObject({
  name: Text(300).min(1),
  version: Text(300).min(1),
  anonymous: z.boolean(),
  description: Text(10_000).nullable(),
  tags: TagMap,
  fingerprint: ContentDigest.describe('What the definition has to come to'),
  definition: DefinitionUpload,
  contents: z
    .array(ContentDigest)
    .max(100_000)
    .describe('What has to be uploaded first: files of the definition, and wheels that no index has'),
  locks: z.array(Lock).max(100).describe('The version is bound to the last one of each platform'),
  image: ImageRevision.pick({ digest: true, platforms: true, origin: true })
    .nullable()
    .describe('The newest one; it has to be pushed first, to the repository of its fingerprint'),
});
export type VersionToShare = z.infer<typeof VersionToShare>;
