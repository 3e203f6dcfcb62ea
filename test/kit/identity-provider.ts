import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

/** A real identity provider on loopback. Whoever gives a name and any password is in. */
export interface IdentityProvider {
  issuer: string;
  close(): Promise<void>;
}

export interface ProviderOptions {
  clientId: string;
  clientSecret?: string;
  redirectUris: string[];
  /** By name. */
  groups: Record<string, string[]>;
}

export async function startIdentityProvider(options: ProviderOptions): Promise<IdentityProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: options.clientId,
        redirect_uris: options.redirectUris,
        ...(options.clientSecret === undefined
          ? { token_endpoint_auth_method: 'none' }
          : { client_secret: options.clientSecret, token_endpoint_auth_method: 'client_secret_post' }),
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, groups: options.groups[id] ?? [] }),
    }),
    cookies: { keys: ['a key of a test'] },
  });
  server.on('request', provider.callback());
  return {
    issuer,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
