/** `scheme://user:password@host` and `scheme://token@host`, wherever they stand in a text. */
const userInfo = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s/?#@'"`]+)@/gi;
/** Secrets in query strings, as signed URLs carry them. */
const secretQuery =
  /([?&](?:sig|token|access_token|api_key|apikey|password|X-Amz-Signature|X-Goog-Signature)=)[^&\s'"`]+/gi;
/** Tokens in the path of a conda channel: `/t/<token>/channel`. Without a server before it, only what is long enough for one. */
const pathToken = /(\/t\/)[A-Za-z0-9._-]{8,}(?=\/)/g;
const urlToken = /(https?:\/\/[^\s'"`]*?\/t\/)[^\s/'"`]+(?=\/)/gi;
const authorization = /\b(authorization:\s*(?:bearer|basic|token)\s+)\S+/gi;

/** Replaces credentials in a text that a person will read by `***`. `${VAR}` placeholders stay. */
export function redact(text: string): string {
  // Nearly no text has any of what the patterns begin with.
  if (!/:\/\/|[?&]|\/t\/|authorization/i.test(text)) return text;
  return text
    .replace(userInfo, (whole, scheme: string, user: string) =>
      isHarmlessUser(scheme, user) ? whole : `${scheme}***@`,
    )
    .replace(secretQuery, '$1***')
    .replace(urlToken, '$1***')
    .replace(pathToken, '$1***')
    .replace(authorization, '$1***');
}

/** What stands before the `@` of addresses in a text, where it is no mere account. */
export function findUserInfo(text: string): string[] {
  return Array.from(text.matchAll(userInfo))
    .filter(([, scheme = '', user = '']) => !isHarmlessUser(scheme, user))
    .map(([, , user = '']) => user);
}

/** Removes user and password from a URL (or from a VCS reference such as `git+https://…`); other text comes back as it is. */
export function stripUserInfo(url: string): string {
  return url.replace(userInfo, (whole, scheme: string, user: string) =>
    isHarmlessUser(scheme, user) ? whole : scheme,
  );
}

/** `git+ssh://git@host` names an account, not a secret. */
function isHarmlessUser(scheme: string, user: string): boolean {
  return scheme.toLowerCase().endsWith('ssh://') && !user.includes(':');
}
