import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import { AppError } from '../../errors/index.ts';
import type { HttpOptions } from './http.ts';

/** Where further certificate authorities are named, the first one that is set counts. */
const certificateVariables = ['SSL_CERT_FILE', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'];

/** Connections as the environment wants them: proxies, a company's certificate authority. */
export async function createDispatcher(options: HttpOptions): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import('./undici.ts');
  const { env } = options;
  const ca = certificates(options);
  const connect = { timeout: 15_000, ...(ca === undefined ? {} : { ca }) };
  const common = { connect, connections: 16, keepAliveTimeout: 10_000, allowH2: false };
  const httpProxy = options.proxy ?? env.http_proxy ?? env.HTTP_PROXY ?? env.ALL_PROXY ?? env.all_proxy;
  const httpsProxy = options.proxy ?? env.https_proxy ?? env.HTTPS_PROXY ?? env.ALL_PROXY ?? env.all_proxy;
  const base = httpProxy || httpsProxy ? new EnvHttpProxyAgent({ ...common, requestTls: ca === undefined ? {} : { ca }, httpProxy: withScheme(httpProxy), httpsProxy: withScheme(httpsProxy), noProxy: env.no_proxy ?? env.NO_PROXY ?? '' }) : new Agent(common);
  const trusted = options.trustedHosts ?? [];
  if (trusted.length === 0) return base;
  const unchecked = new Agent({ ...common, connect: { ...connect, rejectUnauthorized: false } });
  return base.compose((dispatch) => (request, handler) => {
    const { host, hostname } = new URL(String(request.origin));
    return trusted.includes(host) || trusted.includes(hostname) ? unchecked.dispatch(request, handler) : dispatch(request, handler);
  });
}

function withScheme(proxy: string | undefined): string | undefined {
  if (!proxy) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function certificates({ env, certificates: named }: HttpOptions): string[] | undefined {
  const file = named ?? certificateVariables.map((name) => env[name]).find((path) => path);
  if (!file) return undefined;
  try {
    return [...rootCertificates, readFileSync(file, 'utf8')];
  } catch (error) {
    throw new AppError('FILE_NOT_FOUND', `the certificates in \`${file}\` cannot be read`, { hint: 'Check SSL_CERT_FILE, PIP_CERT and pip’s `cert`.', cause: error });
  }
}
