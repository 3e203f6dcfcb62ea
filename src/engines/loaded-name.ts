/** What `load` says it loaded: a name, or an id where the archive has none. */
export function loadedName(stdout: string): string {
  const [, name] = /^Loaded image(?:\(s\)| ID)?:\s*(\S+)/m.exec(stdout) ?? [];
  if (name === undefined) throw new Error(`the engine did not say what it loaded: ${stdout}`);
  return name;
}
