/** Docker speaks http to a registry on the same machine by itself; Podman and Buildah want to be told. */
export function plainRegistry(reference = ''): string[] {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?\//.test(reference) ? ['--tls-verify=false'] : [];
}
