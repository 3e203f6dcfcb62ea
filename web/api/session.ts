import { effect, signal } from '@preact/signals';
import { returns } from './connection.ts';
import type { Me } from './types.ts';

const key = 'terroir-token';

/** Why the page waits for somebody to log in. */
export interface Wanted {
  /** There was a token, and it does not hold. */
  wasRefused: boolean;
  /** Where a browser logs in, on a server where it can. */
  login: string | undefined;
}

export const me = signal<Me | undefined>(undefined);
export const logInWanted = signal<Wanted | undefined>(undefined);

/** For this tab only: it goes with it. */
export function sessionToken(): string | null {
  return sessionStorage.getItem(key);
}

export function wantLogIn(used: string | null, login: string | undefined): void {
  // An answer to a token that has been replaced meanwhile says nothing about the new one.
  if (used !== sessionToken()) return;
  sessionStorage.removeItem(key);
  logInWanted.value ??= { wasRefused: used !== null, login };
}

/** Goes on where the session ended: what could not be fetched meanwhile is fetched now. */
export function logIn(token: string, who: Me): void {
  sessionStorage.setItem(key, token);
  const isBack = me.peek() !== undefined;
  me.value = who;
  logInWanted.value = undefined;
  if (isBack) returns.value += 1;
}

/** Forgets everything of this tab, what was typed too: the next to log in may be somebody else. */
export async function logOut(): Promise<void> {
  if (me.peek()?.session === true) {
    const answer = await fetch('/auth/logout', { method: 'POST' });
    if (!answer.ok) throw new Error('the server did not end the session');
  }
  sessionStorage.clear();
  location.reload();
}

/** Ends when nobody has to log in. */
export async function loggedIn(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = effect(() => {
      if (logInWanted.value === undefined) resolve();
    });
    signal.addEventListener('abort', () => {
      stop();
      resolve();
    });
  });
}

const roles = ['reader', 'contributor', 'admin'] as const;

/** What somebody can't do isn't offered. */
export function mayAct(role: (typeof roles)[number]): boolean {
  const own = me.value?.role;
  return own !== undefined && roles.indexOf(own) >= roles.indexOf(role);
}
