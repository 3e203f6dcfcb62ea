import * as z from 'zod';

/** What somebody may do in a workspace; each may do what those before it may. */
export const roles = ['reader', 'contributor', 'admin'] as const;
export const Role = z.enum(roles);
export type Role = z.infer<typeof Role>;

/** An API token as lists show it. */
export const TokenRecord = z.object({
  id: z.string(),
  /** Whose it is: the name that records get. */
  user: z.string(),
  role: Role,
  createdAt: z.string(),
  createdBy: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  /** When it was used last, to the minute. */
  usedAt: z.string().nullable(),
});
export type TokenRecord = z.infer<typeof TokenRecord>;

export const AuditEntry = z.object({
  number: z.number().int(),
  time: z.string(),
  user: z.string(),
  /** From where: `command line on HOST`, or an address with the id of the token. */
  origin: z.string(),
  /** Such as `environment.register`. */
  action: z.string(),
  subject: z.string(),
  /** `done`, or the code of the error. */
  outcome: z.string(),
  /** SHA-256 (hex) over the canonical JSON of the above and `previous`, the hash of the entry before. */
  hash: z.string(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
