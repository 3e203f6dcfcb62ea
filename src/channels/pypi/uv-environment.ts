import { AppError } from '../../errors/index.ts';
import type { PypiOptions } from '../../resolve/index.ts';
import type { PipConfiguration } from './pip-configuration.ts';

type Environment = Record<string, string | undefined>;

/** The indexes that hold for a resolution: the definition's own lines go before pip's configuration, as in pip. */
export interface IndexPlan {
  indexUrl: string | undefined;
  extraIndexUrls: string[];
  findLinks: string[];
  noIndex: boolean;
  trustedHosts: string[];
}

export function planIndexes(options: PypiOptions, pip: PipConfiguration, env: Environment): IndexPlan {
  const expand = (text: string): string => expandVariables(text, env);
  const hasOwnIndex = options.indexUrl !== undefined;
  return {
    indexUrl: hasOwnIndex ? expand(options.indexUrl ?? '') : pip.indexUrl,
    extraIndexUrls: [...pip.extraIndexUrls, ...options.extraIndexUrls.map(expand)],
    findLinks: [...pip.findLinks, ...options.findLinks.map(expand)],
    noIndex: options.noIndex || (pip.noIndex && !hasOwnIndex),
    trustedHosts: [...pip.trustedHosts, ...options.trustedHosts],
  };
}

/**
 * The environment for a call of uv: the caller's without what would make two machines differ, and the indexes, which may carry credentials and
 * so are not on the command line.
 */
export function uvEnvironment(plan: IndexPlan, pip: PipConfiguration, env: Environment): Environment {
  const kept = Object.entries(env).filter(([name]) => !/^(?:UV_(?!HTTP_TIMEOUT|NATIVE_TLS|SYSTEM_CERTS|CONCURRENT)|PIP_|VIRTUAL_ENV|CONDA_|PYTHONPATH|PYTHONHOME)/.test(name));
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
    SSL_CERT_FILE: pip.certificates ?? env.SSL_CERT_FILE,
    SSL_CLIENT_CERT: pip.clientCertificate ?? env.SSL_CLIENT_CERT,
    ...(pip.proxy === undefined ? {} : { HTTPS_PROXY: pip.proxy, HTTP_PROXY: pip.proxy }),
  };
}

/** pip's form of a variable in a line, `${NAME}`. */
function expandVariables(text: string, env: Environment): string {
  return text.replaceAll(/\$\{([A-Z0-9_]+)\}/g, (whole, name: string) => {
    const value = env[name];
    if (value !== undefined) return value;
    throw new AppError('UNAUTHORIZED', `the definition has \`${whole}\` in an index address, and the variable is not set`, { hint: `Set ${name} in your environment.` });
  });
}
