import { type ListedConda, type Platform, platforms } from '../../schema/index.ts';

/**
 * What the address of a conda package says; or why it is none. A file of a folder channel needs a digest, behind `#` or (`digested`) beside the
 * address: then the version says what is in it, wherever it comes from.
 */
export function readCondaAddress(
  text: string,
  { digested = false }: { digested?: boolean } = {},
): Omit<ListedConda, 'kind' | 'platform'> | { problem: string; hint: string } {
  const [url = '', digest] = text.split('#');
  const hint = 'Write it like `https://HOST/CHANNEL/linux-64/numpy-1.26.4-py311_0.conda#DIGEST`.';
  const isFile = url.startsWith('file:///');
  if (isFile && !digested && (digest ?? '') === '')
    return {
      problem: `\`${url}\` is a file of this machine without a digest, and a version never points to a folder`,
      hint: 'Write the MD5 or the SHA-256 of the file behind it: `file:///…/numpy-1.26.4-py311_0.conda#DIGEST`.',
    };
  if (!isFile && !/^https?:\/\//.test(url)) {
    return /^file:|^[./~]/.test(url)
      ? {
          problem: `\`${url}\` is a file of this machine, and a version never points to a folder`,
          hint: 'Write its whole address with its digest, `file:///…#DIGEST`, or serve the folder as a channel over HTTP.',
        }
      : { problem: `\`${url}\` is no address of a package`, hint };
  }
  const place = /^(.+)\/([^/]+)\/([^/]+)$/.exec(url);
  const [, channel = '', subdir = '', file = ''] = place ?? [];
  const filename = decode(file);
  const named = /^([^/\\\0]+)-([^-/\\\0]+)-([^-/\\\0]+)\.(?:conda|tar\.bz2)$/.exec(filename);
  if (named === null || !isSubdir(subdir)) return { problem: `\`${url}\` is no address of a conda package`, hint };
  const [, name = '', version = '', build = ''] = named;
  const found = { name: name.toLowerCase(), version, build, filename, url, channel, subdir };
  if (digest === undefined || digest === '') return found;
  const sha256 = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(digest)?.[1]?.toLowerCase();
  if (sha256 !== undefined) return { ...found, sha256 };
  if (/^[0-9a-f]{32}$/i.test(digest)) return { ...found, md5: digest.toLowerCase() };
  return {
    problem: `\`#${digest}\` is no digest`,
    hint: 'Behind `#` stands an MD5 (32 digits) or a SHA-256 (64 digits).',
  };
}

/** What is encoded wrongly stays as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isSubdir(text: string): boolean {
  return text === 'noarch' || /^(?:linux|osx|win)-[a-z0-9_]+$/.test(text);
}

/** The platform of a subdir; undefined for `noarch` and for platforms that Terroir does not know. */
export function platformOf(subdir: string): Platform | undefined {
  return platforms.find((platform) => platform === subdir);
}
