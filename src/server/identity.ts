import { type Role, roles } from '../schema/index.ts';

/** Who asks. */
export interface Identity {
  user: string;
  role: Role;
  /** The id of the token; null for the local user of a server without tokens. */
  token: string | null;
  /** True for who logged in with a browser. */
  session?: boolean;
  /** The address that the request came from. */
  address: string;
}

export function mayAct(role: Role, wanted: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(wanted);
}

/** For the audit trail. */
export function originOf({ address, token, session }: Identity): string {
  if (session === true) return `${address} browser`;
  return token === null ? address : `${address} token ${token}`;
}
