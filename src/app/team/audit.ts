import { AppError } from '../../errors/index.ts';
import type { AuditEntry } from '../../schema/index.ts';
import type { AuditCheck, AuditFilter, Page, TimedRequest } from '../../workspace/index.ts';
import type { App } from '../app.ts';

export type AuditRequest = TimedRequest & AuditFilter;

export async function listAudit(app: App, request: AuditRequest): Promise<Page<AuditEntry>> {
  const { since } = request;
  if (since !== undefined && Number.isNaN(Date.parse(since)))
    throw new AppError('USAGE', `\`${since}\` is no time`, { hint: 'Write it as 2026-01-31 or 2026-01-31T12:00:00Z.' });
  const { audit } = await app.openWorkspace();
  return await audit.list({ ...request, since: since === undefined ? undefined : new Date(since).toISOString() });
}

/**
 * Reads the whole chain. With `expected`, a hash that was noted earlier, it also has to be in it.
 * @throws AppError AUDIT_BROKEN.
 */
export async function verifyAudit(app: App, expected?: string): Promise<Omit<AuditCheck, 'broken'>> {
  const { audit } = await app.openWorkspace();
  const { broken, ...check } = await audit.verify();
  if (broken !== undefined) {
    throw new AppError('AUDIT_BROKEN', `entry ${broken.number} of the audit trail is not sound: ${broken.reason}`, {
      hint: `The ${check.entries} entries before it are. Compare with an export or a backup of the database.`,
      details: { ...broken, sound: check.entries },
    });
  }
  if (expected === undefined || expected === check.head) return check;
  for await (const { hash } of audit.read()) if (hash === expected) return check;
  throw new AppError('AUDIT_BROKEN', `the audit trail does not hold the entry with the hash ${expected}`, {
    hint: 'If it was noted from this workspace, the trail was written anew since.',
  });
}

/** Oldest first, after the entry of that number. */
export async function* exportAudit(app: App, after = 0): AsyncIterableIterator<AuditEntry> {
  const { audit } = await app.openWorkspace();
  yield* audit.read(after);
}
