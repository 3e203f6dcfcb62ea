/** True for an image of a registry of this machine, where http is no risk. */
export function isOfThisMachine(reference: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?\//.test(reference);
}

/** Docker speaks http to a registry on the same machine by itself; Podman and Buildah want to be told. */
export function plainRegistry(reference: string): string[] {
  return isOfThisMachine(reference) ? ['--tls-verify=false'] : [];
}
