import { AppError } from '../../errors/index.ts';
import { Role, roles, type TokenRecord } from '../../schema/index.ts';
import type { Page, TimedRequest } from '../../workspace/index.ts';
import type { App } from '../app.ts';

export interface TokenRequest {
  /** Whose it is. */
  user: string;
  role: string;
  /** "90d", "12h", or `never`. */
  expires: string;
}

/** Makes a token; its text is in the answer, and nowhere else. */
export async function createToken(app: App, request: TokenRequest): Promise<{ token: TokenRecord; text: string }> {
  const { user, expires } = request;
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._@+ -]{0,99}$/u.test(user))
    throw new AppError('INVALID_NAME', `\`${user}\` is no name for a user`, {
      hint: 'Letters, digits, blanks and `. _ @ + -`, at most 100; it begins with a letter or a digit.',
    });
  const role = Role.safeParse(request.role);
  if (!role.success)
    throw new AppError('USAGE', `there is no role \`${request.role}\``, { hint: `Roles: ${roles.join(', ')}.` });
  const { tokens } = await app.openWorkspace();
  return await tokens.create({ user, role: role.data, expiresAt: expiryOf(expires) });
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };
/** Milliseconds: ten years. */
const longest = 10 * 31_536_000_000;

function expiryOf(text: string): string | undefined {
  if (text === 'never') return undefined;
  const [, count = '', unit = ''] = /^([1-9]\d{0,5})([hdwy])$/.exec(text) ?? [];
  const duration = Number(count) * (units[unit] ?? Number.NaN);
  if (duration <= longest) return new Date(Date.now() + duration).toISOString();
  throw new AppError('USAGE', `\`${text}\` is no time until a token expires`, {
    hint: 'Write hours, days, weeks or years, such as `12h`, `90d` or `1y` (at most 10y), or `never`.',
  });
}

export async function listTokens(app: App, request: TimedRequest & { user?: string }): Promise<Page<TokenRecord>> {
  const { tokens } = await app.openWorkspace();
  return await tokens.list(request);
}

export async function revokeToken(app: App, id: string): Promise<TokenRecord> {
  const { tokens } = await app.openWorkspace();
  return await tokens.revoke(id);
}
