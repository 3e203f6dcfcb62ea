import * as z from 'zod';

/** SHA-256, lower-case hex. */
export const ContentDigest = z.string().regex(/^[0-9a-f]{64}$/);

/** Files beside a definition, or the code of a run, by path: as text, or by the digest of content that was uploaded. */
export const UploadedFiles = z.record(
  z.string().min(1).max(4096),
  z.union([
    z.strictObject({ digest: ContentDigest, executable: z.boolean().optional() }),
    z.strictObject({ text: z.string(), executable: z.boolean().optional() }),
    z.strictObject({ link: z.string().min(1).max(4096) }),
  ]),
);
export type UploadedFiles = z.infer<typeof UploadedFiles>;
