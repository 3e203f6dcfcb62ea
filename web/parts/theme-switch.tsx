import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

const key = 'terroir-theme';
const themes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

export function ThemeSwitch(): JSX.Element {
  const [theme, setTheme] = useState<Theme>(() => readTheme());
  const choose = (next: Theme): void => {
    setTheme(next);
    if (next === 'auto') {
      localStorage.removeItem(key);
      delete document.documentElement.dataset.theme;
      return;
    }
    localStorage.setItem(key, next);
    document.documentElement.dataset.theme = next;
  };
  return (
    <div class="segments" role="group" aria-label="Colours">
      {themes.map((each) => (
        <button key={each} type="button" aria-pressed={theme === each} onClick={() => choose(each)}>
          {each}
        </button>
      ))}
    </div>
  );
}

function readTheme(): Theme {
  const kept = localStorage.getItem(key);
  return kept === 'light' || kept === 'dark' ? kept : 'auto';
}
