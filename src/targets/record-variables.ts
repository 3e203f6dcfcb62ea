import { createHmac } from 'node:crypto';
import { stripUserInfo } from '../errors/index.ts';
import type { RecordedVariable } from '../schema/index.ts';
import { looksSecret } from './secret-look.ts';

export interface RecordOptions {
  /** The workspace's key. */
  secretKey: Uint8Array;
  /** Names whose values are secret whatever they look like: `secret:` values. */
  isSecret?: (name: string) => boolean;
}

/** Variables as a record shows them: values that are secret, or look so by name or shape, only as keyed hashes; addresses without user info, with one. */
export function recordVariables(
  variables: Readonly<Record<string, string>>,
  { secretKey, isSecret = () => false }: RecordOptions,
): Record<string, RecordedVariable> {
  const names = Object.keys(variables).sort();
  return Object.fromEntries(
    names.map((name): [string, RecordedVariable] => {
      const value = variables[name] ?? '';
      const open = stripUserInfo(value);
      const isHidden = isSecret(name) || looksSecret(name, open);
      if (!isHidden && open === value) return [name, value];
      const secret = secretHash(value, secretKey);
      return [name, isHidden ? { secret } : { secret, shown: open }];
    }),
  );
}

/** Tells only whether a secret is the same as another one, and only to whoever has the workspace's key. */
export function secretHash(value: string, secretKey: Uint8Array): string {
  return createHmac('sha256', secretKey).update(value).digest('hex').slice(0, 16);
}
