/** A conda match specification as it stands in a conda file. */
export interface CondaSpec {
  channel: string | undefined;
  subdir: string | undefined;
  name: string;
  /** The version part as written, without blanks: `1.26.4`, `=1.26`, `>=1.2,<2`; without the leading `=` of the `name=version` form. */
  version: string | undefined;
  build: string | undefined;
  /** True for `name==version`. */
  exact: boolean;
  brackets: Record<string, string>;
}

/** Takes `channel::name version build`, `name=version=build`, `name >=1,<2` and `name[key=value]` apart; undefined if it is none. */
export function parseCondaSpec(text: string): CondaSpec | undefined {
  let rest = text.trim();
  const brackets: Record<string, string> = {};
  const bracket = /\[(.*)\]\s*$/.exec(rest);
  if (bracket !== null) {
    rest = rest.slice(0, bracket.index).trim();
    for (const pair of (bracket[1] ?? '').matchAll(/([a-z0-9_]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^,\s]+))/gi)) {
      brackets[(pair[1] ?? '').toLowerCase()] = pair[2] ?? pair[3] ?? pair[4] ?? '';
    }
  }
  const channelSplit = rest.lastIndexOf('::');
  const place = channelSplit === -1 ? undefined : rest.slice(0, channelSplit).trim();
  if (channelSplit !== -1) rest = rest.slice(channelSplit + 2).trim();
  const match = /^([A-Za-z0-9_.-]+)\s*(.*)$/s.exec(rest);
  const name = match?.[1];
  // A pattern of names is no name.
  if (name === undefined || /^[.-]/.test(name) || rest.startsWith(`${name}*`)) return undefined;
  const versionPart = readVersion((match?.[2] ?? '').trim());
  if (versionPart === undefined) return undefined;
  const subdir = place === undefined ? undefined : /\/((?:linux|osx|win)-[a-z0-9]+|noarch)$/.exec(place)?.[1];
  return {
    channel: brackets.channel ?? (subdir === undefined ? place : place?.slice(0, -subdir.length - 1)),
    subdir: brackets.subdir ?? subdir,
    name: name.toLowerCase(),
    version: versionPart.version ?? brackets.version,
    build: versionPart.build ?? brackets.build,
    exact: versionPart.exact,
    brackets,
  };
}

function readVersion(text: string): { version?: string; build?: string; exact: boolean } | undefined {
  if (text === '') return { exact: false };
  const equals = /^(={1,2})\s*([^=\s<>!~]+)(?:\s*=\s*([^=\s]+)|\s+([^=\s<>]+))?$/.exec(text);
  // `python=3.11, numpy` are two packages, `foo>=1 <2` are two bounds: neither is a version and a build.
  if (equals?.[2] !== undefined && /[,|]$/.test(equals[2])) return undefined;
  if (equals !== null) return { version: equals[2], build: equals[3] ?? equals[4], exact: equals[1] === '==' };
  const compact = text.replaceAll(/\s*([,|])\s*/g, '$1').replaceAll(/(~=|==|!=|<=|>=|<|>|=)\s+/g, '$1');
  const [version = '', build, ...more] = compact.split(' ');
  if (more.length > 0 || (build !== undefined && /^[<>!~=]/.test(build))) return undefined;
  const clause = /^(?:\(?(?:~=|==|!=|<=|>=|<|>|=)?[A-Za-z0-9_.!+*-]+\)?)$/;
  if (!version.split(/[,|]/).every((part) => clause.test(part))) return undefined;
  return { version, build, exact: false };
}

/** The name that a match specification is about, in lower case; empty if there is none. For those who have thousands of them. */
export function condaName(text: string): string {
  const bare = text.slice(text.lastIndexOf('::') === -1 ? 0 : text.lastIndexOf('::') + 2).trim();
  return (/^[A-Za-z0-9_.-]+/.exec(bare)?.[0] ?? '').toLowerCase();
}
