import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { isLost } from '../api/connection.ts';
import { logOut, mayAct, me } from '../api/session.ts';
import { ThemeSwitch } from './theme-switch.tsx';
import { useAction } from './use-action.tsx';

const places = [
  ['/', 'Home', 'M4 11 12 4l8 7v9h-5v-6H9v6H4z'],
  ['/environments', 'Environments', 'M4 8c4-3 6 2 8 0s4-3 8 0M4 13c4-3 6 2 8 0s4-3 8 0M4 18c4-3 6 2 8 0s4-3 8 0'],
  ['/builds', 'Builds', 'M4 7l8-4 8 4-8 4zM4 12l8 4 8-4M4 17l8 4 8-4'],
  ['/runs', 'Runs', 'M7 5v14l11-7z'],
  ['/models', 'Models', 'M12 3 4 7.5v9L12 21l8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9'],
] as const;

/** Everything around a page: where one is, who one is, whether the server is there. */
export function Frame({ children }: { children: ComponentChildren }): JSX.Element {
  const { path, route } = useLocation();
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      const isTyping =
        (event.target as HTMLElement).closest('input, textarea, select, [contenteditable], .editor') !== null;
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === '/') {
        event.preventDefault();
        const search = document.querySelector<HTMLInputElement>('input[type=search]');
        if (search === null) route('/environments');
        else search.focus();
      }
    };
    document.addEventListener('keydown', keys);
    return () => document.removeEventListener('keydown', keys);
  }, [route]);
  const user = me.value;
  const leave = useAction(logOut);
  return (
    <div class="frame">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="side">
        <a class="brand" href="/">
          <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
            <rect width="32" height="32" rx="7" class="brand-ground" />
            <path d="M6 21c4-3 7 2 10 0s6-4 10-1M6 26c4-2 7 1 10 0s6-2 10-1" class="brand-line" />
            <circle cx="16" cy="11" r="4.5" class="brand-dot" />
          </svg>
          Terroir
        </a>
        <nav aria-label="Studio">
          {places.map(([href, title, icon]) => (
            <a key={href} href={href} aria-current={isAt(path, href) ? 'page' : undefined}>
              <svg viewBox="0 0 24 24" width="17" height="17" aria-hidden="true">
                <path d={icon} />
              </svg>
              <span>{title}</span>
            </a>
          ))}
        </nav>
        {mayAct('contributor') && (
          <a class="button create" href="/create">
            New environment
          </a>
        )}
        <div class="side-foot">
          {user !== undefined && (
            <p class="who">
              <strong>{user.user}</strong>
              <span class="muted">{user.role}</span>
            </p>
          )}
          <p>
            <a href="/api/v1/docs">API</a>
            {user !== undefined && (user.token !== null || user.session) && (
              <button type="button" class="link" onClick={() => leave.start()}>
                Log out
              </button>
            )}
          </p>
          {leave.message}
          <ThemeSwitch />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {isLost.value && (
          <p class="banner" role="status">
            The server does not answer. What you see may be out of date; what you typed stays. Looking for it …
          </p>
        )}
        {children}
      </main>
    </div>
  );
}

function isAt(path: string, href: string): boolean {
  return href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`);
}
