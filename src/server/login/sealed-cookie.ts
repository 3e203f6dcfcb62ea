import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Values that a browser keeps for us and cannot change. */
export interface CookieSeal {
  seal(value: object, seconds: number): string;
  /** Undefined for what was not sealed here for this purpose, and for what is too old. */
  open(text: string | undefined): unknown;
}

/** @param purpose A value sealed for one thing is none for another. */
export function createCookieSeal(secret: Uint8Array, purpose: string): CookieSeal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `terroir cookie ${purpose}`, 32));
  const macOf = (payload: string): Buffer => createHmac('sha256', key).update(payload).digest();
  return {
    seal: (value, seconds) => {
      const payload = Buffer.from(JSON.stringify({ value, until: Date.now() + seconds * 1000 })).toString('base64url');
      return `${payload}.${macOf(payload).toString('base64url')}`;
    },
    open: (text = '') => {
      const [payload = '', mac = ''] = text.split('.');
      const [given, wanted] = [Buffer.from(mac, 'base64url'), macOf(payload)];
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
      const { value, until } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as {
        value: unknown;
        until: number;
      };
      return until > Date.now() ? value : undefined;
    },
  };
}

/** One cookie of a `Cookie` header (RFC 6265, 4.2). */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [key, ...value] = pair.trim().split('=');
    if (key === name) return value.join('=');
  }
  return undefined;
}

/** A `Set-Cookie` that no script reads and no other site's form sends (RFC 6265bis, 4.1). Without seconds it goes away. */
export function writeCookie(
  name: string,
  value: string,
  { path, seconds, secure }: { path: string; seconds: number; secure: boolean },
): string {
  return `${name}=${value}; Path=${path}; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}
