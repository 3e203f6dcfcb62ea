import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { keepToken, me, tokenWanted } from '../api/session.ts';
import type { Me } from '../api/types.ts';
import { useTitle } from '../parts/use-title.ts';

/** Asks for a token, and tries it before the page goes on. */
export function LogIn({ wasRefused }: { wasRefused: boolean }): JSX.Element {
  useTitle('Log in');
  const [token, setToken] = useState('');
  const [message, setMessage] = useState(wasRefused ? 'Your session has ended: the token does not hold any more.' : '');
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const answer = await fetch('/api/v1/me', { headers: { authorization: `Bearer ${token.trim()}` } }).catch(
      () => undefined,
    );
    if (answer === undefined) setMessage('The server does not answer. Try again in a moment.');
    else if (!answer.ok) setMessage('The token does not hold: it is wrong, has expired or was revoked.');
    else {
      keepToken(token.trim());
      me.value = (await answer.json()) as Me;
      tokenWanted.value = undefined;
    }
  };
  return (
    <main class="alone">
      <form class="log-in" onSubmit={(event) => void submit(event)}>
        <h1>Terroir</h1>
        <p>This server wants a token. An administrator makes one:</p>
        <pre>
          <code>terroir token create --user NAME --role contributor</code>
        </pre>
        <label>
          Token
          <input
            type="password"
            autoComplete="current-password"
            autoFocus
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
        <button type="submit" class="primary">
          Log in
        </button>
        <p class="muted">It stays in this tab, and goes with it.</p>
      </form>
    </main>
  );
}
