import { AppError } from '../../errors/index.ts';
import { type Role, roles } from '../../schema/index.ts';

/** Whom a server lets log in, and as what. */
export interface LoginSettings {
  issuer: string;
  clientId: string;
  /** Without one the client is a public one; PKCE is used in both cases. */
  clientSecret?: string;
  /** Where browsers reach this server; as they asked for it, if not given. */
  publicUrl?: string;
  scopes: string;
  /** The claim that holds roles or groups. */
  roleClaim: string;
  /** Which of its values gives which role; the roles' own names if there is none. */
  roleValues: Readonly<Record<string, Role>>;
  /** The role of who has none of them; without it they are refused. */
  defaultRole?: Role;
}

/** The highest role that the claims give. @throws AppError PERMISSION_DENIED. */
export function roleOf(claims: Readonly<Record<string, unknown>>, settings: LoginSettings): Role {
  const { roleClaim, roleValues, defaultRole } = settings;
  const own = Object.fromEntries(roles.map((role) => [role, role]));
  const given = Object.keys(roleValues).length === 0 ? own : roleValues;
  const claim = claims[roleClaim];
  const values: unknown[] = Array.isArray(claim) ? claim : [claim];
  const found = new Set(
    values.map((value) => (typeof value === 'string' && Object.hasOwn(given, value) ? given[value] : undefined)),
  );
  const best = roles.findLast((role) => found.has(role)) ?? defaultRole;
  if (best !== undefined) return best;
  throw new AppError('PERMISSION_DENIED', `the claim \`${roleClaim}\` gives you no role here`, {
    hint: 'Ask an administrator of the server, or of the identity provider.',
    details: { wanted: 'reader' },
  });
}

/** The name that records get. */
export function userOf(claims: Readonly<Record<string, unknown>>): string {
  const names = [claims.preferred_username, claims.email, claims.sub];
  const name = names.find((each): each is string => typeof each === 'string' && each !== '') ?? 'unknown';
  return name.slice(0, 100);
}
