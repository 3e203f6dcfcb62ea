import { AppError } from '../errors/index.ts';
import { readText } from '../io/index.ts';
import { Role, roles } from '../schema/index.ts';
import type { LoginSettings } from '../server/index.ts';
import type { OptionValues } from './command.ts';

/** How people log in to `serve`; undefined if they don't. @throws AppError USAGE. */
export async function readLogin(
  options: OptionValues,
  env: Record<string, string | undefined>,
): Promise<LoginSettings | undefined> {
  const [issuer, clientId] = [options.text('oidcIssuer'), options.text('oidcClientId')];
  if (issuer === undefined && clientId === undefined) return undefined;
  if (issuer === undefined || clientId === undefined) {
    throw new AppError('USAGE', `--oidc-${issuer === undefined ? 'issuer' : 'client-id'} is missing`, {
      hint: 'Logging in needs both: --oidc-issuer and --oidc-client-id.',
    });
  }
  for (const [name, url] of [
    ['oidc-issuer', issuer],
    ['url', options.text('url')],
  ] as const) {
    if (url !== undefined && !(URL.canParse(url) && /^https?:/.test(url)))
      throw new AppError('USAGE', `--${name} wants an address, such as https://login.example.org, not \`${url}\``);
  }
  const file = options.text('oidcClientSecretFile');
  return {
    issuer,
    clientId,
    clientSecret: file === undefined ? env.TERROIR_OIDC_CLIENT_SECRET || undefined : (await readText(file)).trim(),
    publicUrl: options.text('url'),
    scopes: options.text('oidcScope') ?? 'openid',
    roleClaim: options.text('oidcRoleClaim') ?? 'roles',
    roleValues: Object.fromEntries(options.list('oidcRole').map(readRole)),
    defaultRole: Role.optional().parse(options.text('oidcDefaultRole')),
  };
}

function readRole(text: string): [string, Role] {
  const mark = text.lastIndexOf('=');
  const role = Role.safeParse(text.slice(mark + 1));
  if (mark > 0 && role.success) return [text.slice(0, mark), role.data];
  throw new AppError('USAGE', `--oidc-role wants VALUE=ROLE, not \`${text}\``, { hint: `Roles: ${roles.join(', ')}.` });
}
