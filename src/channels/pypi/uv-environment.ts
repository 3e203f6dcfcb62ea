import { bundleVariables } from '../../io/index.ts';
import type { PypiOptions } from '../../resolve/index.ts';
import { expandVariables } from '../variables.ts';
import type { PipConfiguration } from './pip-configuration.ts';

type Environment = Record<string, string | undefined>;

/** The indexes that hold for a resolution. */
export interface IndexPlan {
  indexUrl: string | undefined;
  extraIndexUrls: string[];
  findLinks: string[];
  noIndex: boolean;
  trustedHosts: string[];
}

/** As in pip: an `--index-url` of the definition replaces every index of the configuration; the other lines add to it. */
export function planIndexes(options: PypiOptions, pip: PipConfiguration, env: Environment): IndexPlan {
  const expand = (text: string): string => expandVariables(text, env);
  const hasOwnIndex = options.indexUrl !== undefined;
  return {
    indexUrl: options.indexUrl === undefined ? pip.indexUrl : expand(options.indexUrl),
    extraIndexUrls: [...(hasOwnIndex ? [] : pip.extraIndexUrls), ...options.extraIndexUrls.map(expand)],
    findLinks: [...pip.findLinks, ...options.findLinks.map(expand)],
    noIndex: options.noIndex || (pip.noIndex && !hasOwnIndex),
    trustedHosts: [...pip.trustedHosts, ...options.trustedHosts],
  };
}

/** What would make two machines differ, or reach into another environment. */
const dropped =
  /^(?:UV_(?!HTTP_TIMEOUT|NATIVE_TLS|SYSTEM_CERTS|CONCURRENT)|PIP_|VIRTUAL_ENV|CONDA_|PYTHONPATH|PYTHONHOME|MACOSX_DEPLOYMENT_TARGET)/;

/**
 * The environment for a call of uv: the caller's without what would make two machines differ, and the indexes, which may carry credentials and
 * so are not on the command line.
 */
export function uvEnvironment(plan: IndexPlan, pip: PipConfiguration, env: Environment): Environment {
  const kept = Object.entries(env).filter(([name]) => !dropped.test(name));
  const { proxy } = pip;
  return {
    ...Object.fromEntries(kept),
    NO_COLOR: '1',
    UV_NO_PROGRESS: '1',
    UV_PYTHON_DOWNLOADS: 'never',
    UV_DEFAULT_INDEX: plan.noIndex ? undefined : plan.indexUrl,
    UV_INDEX: plan.noIndex || plan.extraIndexUrls.length === 0 ? undefined : plan.extraIndexUrls.join(' '),
    UV_FIND_LINKS: plan.findLinks.length === 0 ? undefined : plan.findLinks.join(','),
    UV_INSECURE_HOST: plan.trustedHosts.length === 0 ? undefined : plan.trustedHosts.join(' '),
    UV_KEYRING_PROVIDER: pip.keyring,
    UV_HTTP_RETRIES: pip.retries === undefined ? undefined : String(pip.retries),
    SSL_CERT_FILE: pip.certificates ?? bundleVariables.map((name) => env[name]).find((file) => file),
    SSL_CLIENT_CERT: pip.clientCertificate ?? env.SSL_CLIENT_CERT,
    ...(proxy === undefined ? {} : { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, https_proxy: proxy, http_proxy: proxy }),
  };
}
