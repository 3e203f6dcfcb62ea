/** A version, taken apart (PEP 440). */
export interface Version {
  epoch: number;
  release: number[];
  pre: readonly ['a' | 'b' | 'rc', number] | undefined;
  post: number | undefined;
  dev: number | undefined;
  local: string | undefined;
}

const pattern =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;

const preLetters: Readonly<Record<string, 'a' | 'b' | 'rc'>> = {
  alpha: 'a',
  a: 'a',
  beta: 'b',
  b: 'b',
  c: 'rc',
  rc: 'rc',
  pre: 'rc',
  preview: 'rc',
};

export function parseVersion(text: string): Version | undefined {
  const match = pattern.exec(text.trim().toLowerCase());
  if (match === null) return undefined;
  const [, epoch, release = '', preWord, preNumber, postDash, postWord, postNumber, devWord, devNumber, local] = match;
  const letter = preWord === undefined ? undefined : preLetters[preWord];
  return {
    epoch: Number(epoch ?? 0),
    release: release.split('.').map(Number),
    pre: letter === undefined ? undefined : [letter, Number(preNumber || 0)],
    post: postDash !== undefined ? Number(postDash) : postWord === undefined ? undefined : Number(postNumber || 0),
    dev: devWord === undefined ? undefined : Number(devNumber || 0),
    local: local?.split(/[-_.]/).map(localPart).join('.'),
  };
}

/** Numbers compare as numbers, so that `+01` is `+1`. */
function localPart(text: string): string {
  return /^\d+$/.test(text) ? text.replace(/^0+(?=\d)/, '') : text;
}

/** Negative if `a` comes before `b`. */
export function compareVersions(a: Version, b: Version): number {
  return (
    a.epoch - b.epoch ||
    compareReleases(a.release, b.release) ||
    comparePre(a, b) ||
    (a.post ?? -1) - (b.post ?? -1) ||
    (a.dev ?? Number.POSITIVE_INFINITY) - (b.dev ?? Number.POSITIVE_INFINITY) ||
    compareLocal(a.local, b.local) ||
    0
  );
}

/** The normal form of a version: `1.0.0-alpha1` is `1.0.0a1`. Text that is no version comes back trimmed. */
export function canonicalVersion(text: string): string {
  const version = parseVersion(text);
  if (version === undefined) return text.trim();
  return [
    version.epoch === 0 ? '' : `${version.epoch}!`,
    version.release.join('.'),
    version.pre === undefined ? '' : version.pre.join(''),
    version.post === undefined ? '' : `.post${version.post}`,
    version.dev === undefined ? '' : `.dev${version.dev}`,
    version.local === undefined ? '' : `+${version.local}`,
  ].join('');
}

function compareReleases(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A development release without more stands before the first alpha; a final release after the last candidate. */
function comparePre(a: Version, b: Version): number {
  const rank = ({ pre, post, dev }: Version): readonly [number, number] => {
    if (pre !== undefined) return [{ a: 0, b: 1, rc: 2 }[pre[0]], pre[1]];
    return post === undefined && dev !== undefined ? [-1, 0] : [3, 0];
  };
  const [letterA, numberA] = rank(a);
  const [letterB, numberB] = rank(b);
  return letterA - letterB || numberA - numberB;
}

function compareLocal(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const partsA = a.split('.');
  const partsB = b.split('.');
  for (let index = 0; index < Math.max(partsA.length, partsB.length); index += 1) {
    const partA = partsA[index];
    const partB = partsB[index];
    if (partA === undefined) return -1;
    if (partB === undefined) return 1;
    const numericA = /^\d+$/.test(partA);
    const numericB = /^\d+$/.test(partB);
    if (numericA !== numericB) return numericA ? 1 : -1;
    const difference = numericA ? Number(partA) - Number(partB) : partA < partB ? -1 : partA > partB ? 1 : 0;
    if (difference !== 0) return difference;
  }
  return 0;
}
