/** A reference to an image, taken apart as Docker does. */
export interface ImageReference {
  registry: string;
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
}

/** Undefined if the text is no image reference. */
export function parseImage(text: string): ImageReference | undefined {
  const match =
    /^(?<name>[^@:]+(?::\d+\/[^@:]+)?)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?$/.exec(
      text,
    );
  const name = match?.groups?.name;
  if (name === undefined) return undefined;
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const registry = hasRegistry ? first.toLowerCase() : 'docker.io';
  const path = hasRegistry ? name.slice(slash + 1) : name;
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (!/^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/.test(repository))
    return undefined;
  return {
    registry: registry === 'index.docker.io' ? 'docker.io' : registry,
    repository,
    tag: match?.groups?.tag,
    digest: match?.groups?.digest,
  };
}

/** The full form: `debian` is `docker.io/library/debian:latest`. Text that is no reference comes back as it is. */
export function normaliseImage(text: string): string {
  const image = parseImage(text.trim());
  if (image === undefined) return text.trim();
  const tag = image.tag ?? (image.digest === undefined ? 'latest' : undefined);
  return `${image.registry}/${image.repository}${tag === undefined ? '' : `:${tag}`}${image.digest === undefined ? '' : `@${image.digest}`}`;
}

/** The reference with a digest in the place of its tag, in full: not every engine takes both. */
export function pinImage(reference: string, digest: string): string {
  const image = parseImage(reference);
  return image === undefined ? reference : `${image.registry}/${image.repository}@${digest}`;
}
