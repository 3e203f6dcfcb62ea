import { sha256 } from '../schema/index.ts';
import type { PlanContent, PlanEntry } from './install-plan.ts';

/** A file that is made here and comes from no archive. */
export function generated(path: string, text: string | Uint8Array, owner: string, executable = false): PlanEntry {
  const content: PlanContent = typeof text === 'string' ? { kind: 'text', text } : { kind: 'bytes', bytes: text };
  return { path, executable, content, sha256: sha256(text), size: Buffer.byteLength(text), owner };
}
