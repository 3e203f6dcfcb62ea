/** A signal for what has to be said although the user has interrupted. */
export function patient(): AbortSignal {
  return new AbortController().signal;
}
