interface Needed {
  name: string;
  requested: boolean;
  dependencies: readonly string[];
}

/** For each package the shortest way from one that was asked for, itself at the end. What nothing leads to has none. */
export function whyThere(packages: readonly Needed[]): Map<string, string[]> {
  const byName = new Map(packages.map((each) => [each.name, each]));
  const ways = new Map<string, string[]>();
  const queue = packages.filter(({ requested }) => requested).map(({ name }) => [name]);
  for (const way of queue) {
    const name = way.at(-1) ?? '';
    if (ways.has(name)) continue;
    ways.set(name, way);
    for (const next of byName.get(name)?.dependencies ?? [])
      if (byName.has(next) && !ways.has(next)) queue.push([...way, next]);
  }
  return ways;
}
