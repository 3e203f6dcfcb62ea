import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ago } from './format.ts';

const categoryNames = { curated: 'curated', user_managed: 'user-managed', system_managed: 'system-managed' } as const;

export function Category({ of }: { of: keyof typeof categoryNames | null }): JSX.Element | null {
  return of === null ? null : <span class={`badge ${of}`}>{categoryNames[of]}</span>;
}

export function Status({ of }: { of: string }): JSX.Element {
  return <span class={`status ${of.toLowerCase()}`}>{of}</span>;
}

export function Time({ of }: { of: string }): JSX.Element {
  return (
    <time dateTime={of} title={new Date(of).toLocaleString()}>
      {ago(of)}
    </time>
  );
}

export function Tags({ of }: { of: Readonly<Record<string, string>> }): JSX.Element {
  return (
    <span class="tags">
      {Object.entries(of).map(([key, value]) => (
        <span key={key} class="tag">
          {value === '' ? key : `${key}=${value}`}
        </span>
      ))}
    </span>
  );
}

/** One of the `facts` of a definition list. */
export function Fact({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A command or digest that one click copies. */
export function Copy({
  text,
  label,
  children,
}: {
  text: string;
  label: string;
  children?: ComponentChildren;
}): JSX.Element {
  const [isDone, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <span class="copy">
      <code>{children ?? text}</code>
      <button
        type="button"
        class="quiet"
        aria-label={`Copy ${label}`}
        onClick={() => void copy().catch(() => undefined)}
      >
        {isDone ? 'copied' : 'copy'}
      </button>
    </span>
  );
}

export interface Tab {
  id: string;
  title: string;
  count?: number;
}

/** Tabs as links: each has an address. */
export function Tabs({
  tabs,
  current,
  hrefOf,
  label,
}: {
  tabs: readonly Tab[];
  current: string;
  hrefOf(id: string): string;
  label: string;
}): JSX.Element {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ id, title, count }) => (
        <a key={id} href={hrefOf(id)} aria-current={id === current ? 'page' : undefined}>
          {title}
          {count !== undefined && <span class="count">{count.toLocaleString('en')}</span>}
        </a>
      ))}
    </nav>
  );
}
