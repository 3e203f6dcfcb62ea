/** A kind of file that is no definition, or none that is read, and what to do instead. */
interface ForeignFormat {
  what: string;
  advice: string;
}

const byName: readonly (ForeignFormat & { name: RegExp })[] = [
  {
    name: /^pyproject\.toml$/,
    what: 'a Python project',
    advice: 'Write `-e .` into a requirements file next to it, or `uv export --no-hashes > requirements.txt`.',
  },
  {
    name: /^uv\.lock$/,
    what: 'uv’s lock file',
    advice: 'Export it: `uv export --format pylock.toml --no-emit-project -o pylock.toml`.',
  },
  { name: /^poetry\.lock$/, what: 'Poetry’s lock file', advice: 'Export it: `poetry export > requirements.txt`.' },
  { name: /^pdm\.lock$/, what: 'PDM’s lock file', advice: 'Export it: `pdm export > requirements.txt`.' },
  {
    name: /^Pipfile(?:\.lock)?$/,
    what: 'pipenv’s file',
    advice: 'Export it: `pipenv requirements > requirements.txt`.',
  },
  {
    name: /^pixi\.(?:toml|lock)$/,
    what: 'a pixi project',
    advice: 'Export it: `pixi workspace export conda-environment > environment.yml`.',
  },
  {
    name: /^setup\.(?:py|cfg)$/,
    what: 'a Python project',
    advice: 'Write `-e .` into a requirements file next to it.',
  },
  {
    name: /^(?:meta|recipe)\.ya?ml$/,
    what: 'a conda package’s recipe',
    advice: 'Name an environment.yml that lists the package.',
  },
  {
    name: /\.ipynb$/,
    what: 'a notebook',
    advice: 'Name an environment file; `terroir env kernel` then gives the notebook its kernel.',
  },
  {
    name: /\.py$/,
    what: 'a script',
    advice: 'Name an environment file, and run the script with `terroir run --env FILE -- python SCRIPT`.',
  },
  { name: /^package(?:-lock)?\.json$/, what: 'a JavaScript project', advice: 'Name an environment file.' },
];

/** By the keys at the top of a YAML or JSON file. */
const byKeys: readonly (ForeignFormat & { keys: readonly string[]; without?: readonly string[] })[] = [
  {
    keys: ['version', 'environments', 'packages'],
    what: 'a pixi lock file',
    advice: 'Export it: `pixi workspace export conda-environment > environment.yml`.',
  },
  {
    keys: ['package', 'requirements'],
    what: 'a conda package’s recipe',
    advice: 'Name an environment.yml that lists the package.',
  },
  {
    keys: ['package', 'source'],
    what: 'a conda package’s recipe',
    advice: 'Name an environment.yml that lists the package.',
  },
  { keys: ['services'], what: 'a docker-compose file', advice: 'Name an environment file.' },
  { keys: ['jobs', 'on'], what: 'a GitHub workflow', advice: 'Name an environment file.' },
  { keys: ['jobs'], what: 'a pipeline job', advice: 'Pipelines cannot be run yet; name an environment file.' },
  { keys: ['command'], what: 'a job file', advice: 'Run it: `terroir run FILE`.' },
  { keys: ['apiVersion', 'kind'], what: 'a Kubernetes manifest', advice: 'Name an environment file.' },
  { keys: ['endpoint_name'], what: 'a deployment file', advice: 'Name the environment file that it refers to.' },
  { keys: ['python_packages'], what: 'a Cog file', advice: 'List the packages in a requirements file.' },
  { keys: ['repos'], what: 'a pre-commit configuration', advice: 'Name an environment file.' },
];

export function foreignByName(name: string): ForeignFormat | undefined {
  return byName.find((format) => format.name.test(name));
}

export function foreignByKeys(keys: readonly string[]): ForeignFormat | undefined {
  return byKeys.find((format) => format.keys.every((key) => keys.includes(key)));
}

/** What package managers print for people, saved as a file. */
const printed: readonly (ForeignFormat & { text: RegExp })[] = [
  {
    text: /^Package +Version\b[^\n]*\n-+ +-+/,
    what: 'what `pip list` prints',
    advice: 'Write `pip freeze > requirements.txt`.',
  },
  {
    text: /^# packages in environment at /m,
    what: 'what `conda list` prints',
    advice: 'Write `conda env export > environment.yml`.',
  },
  {
    // Every line is `name=version=build`, which is neither a requirement nor a file of conda's.
    text: /^(?:#[^\n]*\n|\s*\n)*(?:[\w.-]+=[^=\s]+=[^=\s]+\s*(?:\n|$))+$/,
    what: 'what `conda list --export` prints',
    advice: 'Write `conda env export > environment.yml`, or `conda list --explicit --md5 > explicit.txt`.',
  },
];

export function foreignByText(text: string): ForeignFormat | undefined {
  const list = printed.find((format) => format.text.test(text.replaceAll('\r', '').replace(/^\uFEFF/, '')));
  if (list !== undefined) return list;
  if (
    /^\s*\[(?:project|tool\.|build-system|workspace|package|dependencies)\b[^\]]*\]\s*$/m.test(text) &&
    /^\s*[\w.-]+\s*=\s*\S/m.test(text)
  ) {
    return { what: 'a TOML file', advice: 'Name a requirements file or an environment YAML.' };
  }
  if (/^\s*<(?:!doctype|html)/i.test(text))
    return { what: 'a page of HTML', advice: 'It is probably a log-in page that was downloaded in place of the file.' };
  return undefined;
}

/** The first placeholder of a template engine in a text. Azure's own `${{ … }}` is none. */
export function findPlaceholder(text: string): { start: number; text: string } | undefined {
  const match = /(?<!\$)\{\{[^}\n]*\}\}|\{%[^%\n]*%\}|<%[^%\n]*%>|@@[A-Za-z_][\w.]*@@/.exec(text);
  return match === null ? undefined : { start: match.index, text: match[0] };
}

/** A text file that is a conda file but for its name. */
export function condaByText(text: string): ForeignFormat | undefined {
  return /^dependencies:\s*$/m.test(text)
    ? { what: 'a conda file with another ending', advice: 'Give it a name that ends in `.yml`.' }
    : undefined;
}
