import { execFileSync } from 'node:child_process';
import { randomUUID, sign } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { user } from './docker-registry.ts';

export interface TokenServer {
  realm: string;
  /** What a registry needs to know who signed. */
  certificates: string;
  /** How each token was asked for. */
  asked: { how: 'password' | 'identity-token' | 'anonymous'; scopes: string[] }[];
  /** Seconds for which tokens are good, as they say. */
  lifetime: number;
  close: () => Promise<void>;
}

export const identityToken = 'identity-of-ada';

/**
 * Gives tokens as Docker's token specification says: to ada whatever she wants, by password or identity token; to nobody in particular reading what
 * begins with `public/`.
 */
export async function startTokenServer(folder: string): Promise<TokenServer> {
  mkdirSync(folder, { recursive: true });
  const [key, certificates] = [join(folder, 'token.key'), join(folder, 'token.pem')];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=test'];
  execFileSync('openssl', ['req', '-x509', ...ec, '-keyout', key, '-out', certificates], { stdio: 'ignore' });
  const result: TokenServer = { realm: '', certificates, asked: [], lifetime: 300, close: async () => undefined };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const query = request.method === 'POST' ? form : new URL(request.url ?? '', 'http://x').searchParams;
      const scopes = query.getAll('scope').flatMap((scope) => scope.split(' '));
      const pair = Buffer.from(`${user.name}:${user.password}`).toString('base64');
      const { authorization } = request.headers;
      const how = authorization !== undefined ? 'password' : form.has('refresh_token') ? 'identity-token' : 'anonymous';
      result.asked.push({ how, scopes });
      const isAda =
        how === 'password' ? authorization === `Basic ${pair}` : form.get('refresh_token') === identityToken;
      if (how !== 'anonymous' && !isAda) {
        response.writeHead(401, { 'content-type': 'application/json' });
        response.end('{"errors": [{"code": "UNAUTHORIZED", "message": "wrong password"}]}');
        return;
      }
      const token = makeToken({ key, certificates, scopes, isAda, lifetime: result.lifetime });
      response.writeHead(200, { 'content-type': 'application/json' });
      const name = request.method === 'POST' ? 'access_token' : 'token';
      response.end(JSON.stringify({ [name]: token, expires_in: result.lifetime }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  result.realm = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/token`;
  result.close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return result;
}

interface Grant {
  key: string;
  certificates: string;
  scopes: readonly string[];
  isAda: boolean;
  lifetime: number;
}

function makeToken({ key, certificates, scopes, isAda, lifetime }: Grant): string {
  const now = Math.floor(Date.now() / 1000);
  const der = readFileSync(certificates, 'utf8').replaceAll(/-----[^-]+-----|\s/g, '');
  const access = scopes
    .filter((scope) => scope !== '')
    .map((scope) => {
      const [type, name = '', actions = ''] = scope.split(':');
      const granted = actions.split(',').filter((action) => isAda || (action === 'pull' && name.startsWith('public/')));
      // docker-registry knows deletion by this name.
      return { type, name, actions: granted };
    });
  const claims = {
    iss: 'test',
    aud: 'test',
    sub: isAda ? 'ada' : '',
    iat: now - 10,
    nbf: now - 10,
    exp: now + lifetime,
    jti: randomUUID(),
    access,
  };
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode({ typ: 'JWT', alg: 'ES256', x5c: [der] })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key: readFileSync(key, 'utf8'), dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
