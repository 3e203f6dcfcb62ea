import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { queryText } from '../api/client.ts';
import { logIn, type Wanted } from '../api/session.ts';
import type { Me } from '../api/types.ts';
import { useTitle } from '../parts/use-title.ts';

/** The whole page, before anybody is there. */
export function LogIn({ wanted }: { wanted: Wanted }): JSX.Element {
  useTitle('Log in');
  return (
    <main class="alone">
      <div class="log-in">
        <h1>Terroir</h1>
        <Ways wanted={wanted} message={wanted.wasRefused ? 'The token does not hold any more.' : ''} />
      </div>
    </main>
  );
}

/** Over the page, which stays as it is: a session that ends takes no typed text with it. */
export function LogInAgain({ wanted }: { wanted: Wanted }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="log-in"
      aria-labelledby="log-in-again"
      onCancel={(event) => event.preventDefault()}
      onClose={() => dialog.current?.showModal()}
    >
      <h2 id="log-in-again">Your session has ended</h2>
      <p>Log in again to go on. What you typed stays.</p>
      <Ways wanted={wanted} message="" />
    </dialog>
  );
}

function Ways({ wanted: { login }, message: first }: { wanted: Wanted; message: string }): JSX.Element {
  const [token, setToken] = useState('');
  const [message, setMessage] = useState(first);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const answer = await fetch('/api/v1/me', { headers: { authorization: `Bearer ${token.trim()}` } }).catch(
      () => undefined,
    );
    if (answer === undefined) setMessage('The server does not answer. Try again in a moment.');
    else if (!answer.ok) setMessage('The token does not hold: it is wrong, has expired or was revoked.');
    else logIn(token.trim(), (await answer.json()) as Me);
  };
  return (
    <>
      {login !== undefined && (
        <>
          <a
            class="button primary"
            href={`${login}${queryText({ to: `${location.pathname}${location.search}` })}`}
            target="_self"
          >
            Log in with your organisation
          </a>
          <p class="or muted">or with a token</p>
        </>
      )}
      {login === undefined && (
        <>
          <p>This server wants a token. An administrator makes one:</p>
          <pre>
            <code>terroir token create --user NAME --role contributor</code>
          </pre>
        </>
      )}
      <form onSubmit={(event) => void submit(event)}>
        <label>
          Token
          <input
            type="password"
            autoComplete="current-password"
            autoFocus={login === undefined}
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {message !== '' && (
          <p class="problem" role="alert">
            {message}
          </p>
        )}
        <button type="submit" class={login === undefined ? 'primary' : ''}>
          Log in
        </button>
        <p class="muted">It stays in this tab, and goes with it.</p>
      </form>
    </>
  );
}
