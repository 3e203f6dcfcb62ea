/** As much of a browser as logging in needs: cookies by host and path, redirects, forms. */
export interface CookieBrowser {
  /** Follows redirects; the last answer, and where it came from. */
  open(
    url: string,
    form?: Record<string, string>,
  ): Promise<{ url: string; status: number; text: string; answer: Response }>;
  /** `name=value; …` as it would be sent. */
  cookies(url: string): string;
}

export function createCookieBrowser(): CookieBrowser {
  const jar: { host: string; path: string; name: string; value: string }[] = [];
  const cookies = (url: string): string => {
    const { host, pathname } = new URL(url);
    return jar
      .filter(
        (each) => each.host === host && (pathname === each.path || pathname.startsWith(each.path.replace(/\/?$/, '/'))),
      )
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  };
  const keep = (url: string, answer: Response): void => {
    for (const header of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = header.split(/; */);
      const [name = '', ...value] = pair.split('=');
      const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? '/';
      const { host } = new URL(url);
      const old = jar.findIndex((each) => each.host === host && each.path === path && each.name === name);
      if (old !== -1) jar.splice(old, 1);
      const isGone = attributes.some((each) => /^max-age=0$/i.test(each) || /^expires=Thu, 01 Jan 1970/i.test(each));
      if (!isGone) jar.push({ host, path, name, value: value.join('=') });
    }
  };
  return {
    cookies,
    open: async (start, form) => {
      let url = start;
      let body = form === undefined ? undefined : new URLSearchParams(form);
      for (;;) {
        const method = body === undefined ? 'GET' : 'POST';
        const answer = await fetch(url, { method, body, redirect: 'manual', headers: { cookie: cookies(url) } });
        keep(url, answer);
        const next = answer.headers.get('location');
        const text = await answer.text();
        if (next === null) return { url, status: answer.status, text, answer };
        url = new URL(next, url).href;
        body = undefined;
      }
    },
  };
}
