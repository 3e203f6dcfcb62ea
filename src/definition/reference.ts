import { AppError } from '../errors/index.ts';

/** What a user writes for an environment. Without version and label: the environment, or its latest version. */
export interface Reference {
  /** The registry of a `registries/…` reference; undefined for this workspace. */
  registry?: string;
  name: string;
  version?: string;
  label?: 'latest';
}

/**
 * Reads `name`, `name:version` (split at the first colon), `name@latest`, `azureml:…`, `registries/R/environments/N/versions/V` (also with
 * `azureml://` and as a full resource id).
 * @throws AppError USAGE.
 */
export function parseReference(text: string): Reference {
  const path = /^(?:azureml:)?(?:\/\/|\/)?(.*\/environments?\/.*)$/.exec(text)?.[1];
  if (path !== undefined) return parsePath(text, path);
  const bare = text.replace(/^azureml:/, '');
  const colon = bare.indexOf(':');
  const at = bare.lastIndexOf('@');
  if (colon !== -1 && (at === -1 || colon < at))
    return named(text, bare.slice(0, colon), { version: bare.slice(colon + 1) });
  if (at !== -1) return named(text, bare.slice(0, at), { label: bare.slice(at + 1) });
  return named(text, bare, {});
}

function parsePath(text: string, path: string): Reference {
  const registry = /(?:^|\/)registries\/([^/]+)\//.exec(path)?.[1];
  const match = /\/environments?\/([^/]+)(?:\/(versions|labels)\/(.+))?$/.exec(`/${path}`);
  if (match === null) throw unreadable(text);
  const [, name = '', kind, value] = match;
  return { registry, ...named(text, name, kind === 'versions' ? { version: value } : { label: value }) };
}

function named(text: string, name: string, rest: { version?: string; label?: string }): Reference {
  if (name === '' || /[\s/]/.test(name) || rest.version === '') throw unreadable(text);
  if (rest.label !== undefined && rest.label !== 'latest') {
    throw new AppError('USAGE', `\`${text}\`: there is no label \`${rest.label}\``, {
      hint: 'The only label is `latest`; a version is written with a colon: `name:version`.',
    });
  }
  return {
    name,
    ...(rest.version === undefined ? {} : { version: rest.version }),
    ...(rest.label === undefined ? {} : { label: 'latest' as const }),
  };
}

function unreadable(text: string): AppError {
  return new AppError('USAGE', `\`${text}\` is no reference to an environment`, {
    hint: 'Write `name`, `name:version`, `name@latest` or `azureml:name:version`; a file has an ending such as `.yml` or `.txt`.',
  });
}
