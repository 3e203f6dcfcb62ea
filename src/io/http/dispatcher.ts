import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import { AppError } from '../../errors/index.ts';
import { bundleVariables } from './bundle-variables.ts';
import type { HttpOptions } from './http.ts';

/** Where further certificate authorities are named. The last one is Node's own, and has only those that come in addition. */
const certificateVariables = [...bundleVariables, 'NODE_EXTRA_CA_CERTS'];

/** Connections as the environment wants them: proxies, a company's certificate authority. */
export async function createDispatcher(options: HttpOptions): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import('./undici.ts');
  const ca = certificates(options);
  const trust = ca === undefined ? {} : { ca };
  const common = { connections: options.connections ?? 16, keepAliveTimeout: 10_000, allowH2: false };
  const direct = { ...common, connect: { timeout: 15_000, ...trust } };
  const proxies = proxiesOf(options);
  const proxied = { ...direct, requestTls: trust, proxyTls: trust, ...proxies };
  const hasProxy = proxies.httpProxy !== '' || proxies.httpsProxy !== '';
  const base = hasProxy ? new EnvHttpProxyAgent(proxied) : new Agent(direct);
  const trusted = options.trustedHosts ?? [];
  if (trusted.length === 0) return base;
  const unchecked = { rejectUnauthorized: false };
  const lax = hasProxy
    ? new EnvHttpProxyAgent({ ...proxied, connect: { ...direct.connect, ...unchecked }, requestTls: unchecked })
    : new Agent({ ...common, connect: { ...direct.connect, ...unchecked } });
  return base.compose((dispatch) => (request, handler) => {
    const { host, hostname } = new URL(String(request.origin));
    return trusted.includes('*') || trusted.includes(host) || trusted.includes(hostname)
      ? lax.dispatch(request, handler)
      : dispatch(request, handler);
  });
}

/** Never undefined: undici would look into the process's own environment then. */
function proxiesOf({ env, proxy }: HttpOptions): { httpProxy: string; httpsProxy: string; noProxy: string } {
  const all = env.all_proxy ?? env.ALL_PROXY;
  return {
    httpProxy: withScheme(proxy ?? env.http_proxy ?? env.HTTP_PROXY ?? all),
    httpsProxy: withScheme(proxy ?? env.https_proxy ?? env.HTTPS_PROXY ?? all),
    noProxy: env.no_proxy ?? env.NO_PROXY ?? '',
  };
}

function withScheme(proxy: string | undefined): string {
  if (!proxy) return '';
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function certificates({ env, certificates: named }: HttpOptions): string[] | undefined {
  const file = named ?? certificateVariables.map((name) => env[name]).find((path) => path);
  if (!file) return undefined;
  try {
    return [...getCACertificates(), readFileSync(file, 'utf8')];
  } catch (error) {
    throw new AppError('FILE_NOT_FOUND', `the certificates in \`${file}\` cannot be read`, {
      hint: 'Check SSL_CERT_FILE, PIP_CERT, pip’s `cert` and conda’s `ssl_verify`.',
      cause: error,
    });
  }
}
