/** What `load` says it loaded: a name, or an id where the archive has none. */
export function loadedName(stdout: string): string {
  const [, name] = /^Loaded image(?:\(s\)| ID)?:\s*(\S+)/m.exec(stdout) ?? [];
  if (name === undefined) throw new Error(`the engine did not say what it loaded: ${stdout}`);
  return name;
}

/** A line an image; Podman leaves the algorithm out in some versions. */
export function imageIds(stdout: string): string[] {
  const ids = stdout.split('\n').filter((line) => line !== '');
  return [...new Set(ids.map((id) => (id.includes(':') ? id : `sha256:${id}`)))];
}
