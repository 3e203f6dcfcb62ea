import * as z from 'zod';
import { AppError } from '../../errors/index.ts';

/** A file that an index offers. */
export interface IndexFile {
  filename: string;
  /** Absolute, without its fragment. */
  url: string;
  sha256: string | undefined;
}

/** What to ask for: JSON where the index has it (PEP 691), HTML else (PEP 503). */
export const simpleAccept =
  'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';

/** The files of a project's page. `base` is the page's own address. */
export function parseSimplePage(text: string, contentType: string, base: string): IndexFile[] {
  return contentType.includes('json') || text.trimStart().startsWith('{')
    ? parseJson(text, base)
    : parseHtml(text, base);
}

const JsonPage = z.object({
  files: z.array(
    z.object({ filename: z.string(), url: z.string(), hashes: z.record(z.string(), z.string()).default({}) }),
  ),
});

function parseJson(text: string, base: string): IndexFile[] {
  let page: z.infer<typeof JsonPage>;
  try {
    page = JsonPage.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError('HTTP_ERROR', `\`${base}\` is no page of a package index`, {
      hint: 'Check the index in pip’s configuration.',
      cause: error,
    });
  }
  return page.files.flatMap(({ filename, url, hashes }) =>
    URL.canParse(url, base) ? [{ filename, url: new URL(url, base).href, sha256: hashes.sha256 }] : [],
  );
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
  return text
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'");
}
