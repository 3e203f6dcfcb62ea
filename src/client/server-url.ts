/** True if a workspace is a server and no folder. (Alone in its file: every command asks this first.) */
export function isServerUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}
