/** A file that an index offers. */
export interface IndexFile {
  filename: string;
  /** Absolute, without its fragment. */
  url: string;
  sha256: string | undefined;
}

/** What to ask for: JSON where the index has it (PEP 691), HTML else (PEP 503). */
export const simpleAccept = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';

/** The files of a project's page. `base` is the page's own address. */
export function parseSimplePage(text: string, contentType: string, base: string): IndexFile[] {
  return contentType.includes('json') || text.trimStart().startsWith('{') ? parseJson(text, base) : parseHtml(text, base);
}

function parseJson(text: string, base: string): IndexFile[] {
  const page = JSON.parse(text) as { files?: { filename?: unknown; url?: unknown; hashes?: { sha256?: unknown } }[] };
  return (page.files ?? []).flatMap(({ filename, url, hashes }) => {
    if (typeof filename !== 'string' || typeof url !== 'string') return [];
    return [{ filename, url: new URL(url, base).href, sha256: typeof hashes?.sha256 === 'string' ? hashes.sha256 : undefined }];
  });
}

function parseHtml(text: string, base: string): IndexFile[] {
  const baseTag = /<base\s[^>]*href\s*=\s*["']([^"']+)["']/i.exec(text)?.[1];
  const root = baseTag === undefined ? base : new URL(baseTag, base).href;
  return [...text.matchAll(/<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))[^>]*>/gi)].flatMap((match) => {
    const href = decodeEntities(match[1] ?? match[2] ?? match[3] ?? '');
    if (!URL.canParse(href, root)) return [];
    const url = new URL(href, root);
    const sha256 = /sha256=([0-9a-f]{64})/i.exec(url.hash)?.[1]?.toLowerCase();
    url.hash = '';
    const filename = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
    return filename === '' ? [] : [{ filename, url: url.href, sha256 }];
  });
}

function decodeEntities(text: string): string {
  return text.replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
}
