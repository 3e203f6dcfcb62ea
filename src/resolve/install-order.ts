/**
 * Dependencies first; where they go in a circle, by name. The same for every order of the input. `first` comes before everything that it does not
 * need itself.
 */
export function installOrder<T extends { name: string; dependencies: readonly string[] }>(
  packages: readonly T[],
  first?: string,
): T[] {
  const byName = new Map([...packages].sort((a, b) => (a.name < b.name ? -1 : 1)).map((each) => [each.name, each]));
  const ordered: T[] = [];
  const seen = new Set<string>();
  const visit = (each: T): void => {
    if (seen.has(each.name)) return;
    seen.add(each.name);
    for (const name of [...each.dependencies].sort()) {
      const dependency = byName.get(name);
      if (dependency !== undefined) visit(dependency);
    }
    ordered.push(each);
  };
  const leader = first === undefined ? undefined : byName.get(first);
  if (leader !== undefined) visit(leader);
  for (const each of byName.values()) visit(each);
  return ordered;
}
