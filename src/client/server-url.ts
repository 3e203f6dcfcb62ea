/** True if a workspace is a server and no folder. */
export function isServerUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}
