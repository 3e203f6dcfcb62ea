import { signal } from '@preact/signals';
import type { Me } from './types.ts';

const key = 'terroir-token';

export const me = signal<Me | undefined>(undefined);
/** True while the page waits for a token. `wasRefused`: there was one, and it does not hold. */
export const tokenWanted = signal<{ wasRefused: boolean } | undefined>(undefined);

/** For this tab only: it goes with it. */
export function sessionToken(): string | null {
  return sessionStorage.getItem(key);
}

export function keepToken(token: string): void {
  sessionStorage.setItem(key, token);
}

export function logOut(): void {
  sessionStorage.removeItem(key);
  me.value = undefined;
  tokenWanted.value = { wasRefused: false };
}

export function wantToken(used: string | null): void {
  // An answer to a token that has been replaced meanwhile says nothing about the new one.
  if (used !== sessionToken()) return;
  sessionStorage.removeItem(key);
  tokenWanted.value = { wasRefused: used !== null };
}

const roles = ['reader', 'contributor', 'admin'] as const;

/** What somebody can't do isn't offered. */
export function mayAct(role: (typeof roles)[number]): boolean {
  const own = me.value?.role;
  return own !== undefined && roles.indexOf(own) >= roles.indexOf(role);
}
