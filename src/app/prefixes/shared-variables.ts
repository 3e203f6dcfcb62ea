const shared: readonly RegExp[] = [
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TZ|TMPDIR|TERM|LANG|LANGUAGE)$/,
  /^LC_/,
  /^(?:CUDA|NVIDIA|ROCR|HIP|GPU)_/,
  /^(?:OMP|MKL|OPENBLAS)_NUM_THREADS$/,
  /^(?:https?|all|no)_proxy$/i,
  /^(?:SSL_CERT_FILE|REQUESTS_CA_BUNDLE)$/,
];

/** What of a server's own variables the runs of others get: what describes the machine. The rest may be a password. */
export function sharedVariables(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => shared.some((pattern) => pattern.test(name))));
}
