/**
 * Variables of a container go by name, and the engine's client takes their values from its own environment. What the client itself needs there
 * cannot be set to something else: those few go by value.
 */
export function splitVariables(
  callerEnv: Readonly<Record<string, string | undefined>>,
  variables: Readonly<Record<string, string>>,
): { clientEnv: Record<string, string>; words: string[] } {
  const clientEnv: Record<string, string> = {};
  for (const [name, value] of Object.entries(callerEnv)) if (value !== undefined) clientEnv[name] = value;
  const words: string[] = [];
  for (const [name, value] of Object.entries(variables)) {
    if (isClients(name)) words.push(`${name}=${value}`);
    else {
      words.push(name);
      clientEnv[name] = value;
    }
  }
  return { clientEnv, words };
}

/** What Docker's and Podman's clients go by. */
function isClients(name: string): boolean {
  return /^(?:PATH|HOME|USER|TMPDIR|(?:DOCKER|BUILDKIT|CONTAINER|CONTAINERS|PODMAN|REGISTRY|XDG|SSH|LD|DBUS)_?.*|(?:https?|all|no)_proxy)$/i.test(
    name,
  );
}
