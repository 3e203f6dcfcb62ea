const variables = new Set([
  'python_version',
  'python_full_version',
  'os_name',
  'sys_platform',
  'platform_release',
  'platform_system',
  'platform_version',
  'platform_machine',
  'platform_python_implementation',
  'python_implementation',
  'implementation_name',
  'implementation_version',
  'extra',
  'extras',
  'dependency_groups',
  // Their names before PEP 508.
  'os.name',
  'sys.platform',
  'platform.version',
  'platform.machine',
  'platform.python_implementation',
]);

const token = /\s*(?:(\(|\))|("[^"]*"|'[^']*')|(===|~=|==|!=|<=|>=|<|>)|([A-Za-z_][A-Za-z0-9_.]*))\s*/y;
type Kind = 'bracket' | 'text' | 'operator' | 'word';

/** More brackets than anybody writes, fewer than the stack has room for. */
const deepest = 500;

/** True if the text is an environment marker (PEP 508): `python_version < "3.11" and (os_name == "nt" or extra == "x")`. */
export function isMarker(text: string): boolean {
  const tokens = split(text.trim());
  if (tokens === undefined || tokens.filter(({ value }) => value === '(').length > deepest) return false;
  let at = 0;
  const take = (kind: Kind, ...values: string[]): boolean => {
    const found = tokens[at];
    if (found?.kind !== kind || (values.length > 0 && !values.includes(found.value))) return false;
    at += 1;
    return true;
  };
  const value = (): boolean => take('text') || take('word', ...variables);
  const operator = (): boolean => take('operator') || take('word', 'in') || (take('word', 'not') && take('word', 'in'));
  const term = (): boolean =>
    take('bracket', '(') ? expression() && take('bracket', ')') : value() && operator() && value();
  const expression = (): boolean => {
    do if (!term()) return false;
    while (take('word', 'and', 'or'));
    return true;
  };
  return expression() && at === tokens.length;
}

function split(text: string): { kind: Kind; value: string }[] | undefined {
  const tokens: { kind: Kind; value: string }[] = [];
  for (let at = 0; at < text.length; at = token.lastIndex) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) return undefined;
    const [, bracket, quoted, operator, word = ''] = match;
    if (bracket !== undefined) tokens.push({ kind: 'bracket', value: bracket });
    else if (quoted !== undefined) tokens.push({ kind: 'text', value: quoted });
    else if (operator !== undefined) tokens.push({ kind: 'operator', value: operator });
    else tokens.push({ kind: 'word', value: word });
  }
  return tokens;
}
