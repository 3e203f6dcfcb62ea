/** One way of authenticating that a server offers (RFC 9110, 11.6.1). */
export interface Challenge {
  /** Lower case. */
  scheme: string;
  /** Lower-case names. */
  parameters: Record<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`^\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*(?:,|$)`);
/** With what some schemes have instead of parameters. */
const scheme = new RegExp(`^[\\s,]*(${token})(?:\\s+[A-Za-z0-9._~+/-]+=*\\s*(?=,|$)|(?=\\s|,|$))`);

/** The challenges of a `WWW-Authenticate` header, in their order. What cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header;
  while (rest.trim() !== '') {
    const match = parameter.exec(rest);
    const current = challenges.at(-1);
    if (match !== null && current !== undefined) {
      const [whole, name = '', quoted, bare = ''] = match;
      current.parameters[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare;
      rest = rest.slice(whole.length);
      continue;
    }
    const [whole, name] = scheme.exec(rest) ?? [];
    if (whole === undefined || name === undefined) return challenges;
    challenges.push({ scheme: name.toLowerCase(), parameters: {} });
    rest = rest.slice(whole.length);
  }
  return challenges;
}
