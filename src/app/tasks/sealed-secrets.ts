import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from '../../errors/index.ts';

/** Secret values while they wait for a worker: encrypted with the workspace's key, for one run. They are gone from the database with its end. */
export function sealSecrets(secrets: Readonly<Record<string, string>>, key: Uint8Array, runId: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(key), nonce).setAAD(Buffer.from(runId));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** @throws AppError CORRUPT_STORE if the workspace has another key by now. */
export function openSecrets(text: string, key: Uint8Array, runId: string): Record<string, string> {
  const bytes = Buffer.from(text, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', deriveKey(key), bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(runId)).setAuthTag(bytes.subarray(12, 28));
    const opened = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
    return JSON.parse(opened.toString('utf8')) as Record<string, string>;
  } catch (error) {
    throw new AppError('CORRUPT_STORE', `the secrets of the run ${runId} cannot be read with this workspace's key`, {
      hint: 'Servers and workers of one workspace need the same `secret.key`. Submit the run again.',
      cause: error,
    });
  }
}

function deriveKey(key: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'terroir secrets of tasks', 32));
}
