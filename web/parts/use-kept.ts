import { useState } from 'preact/hooks';

/** What was typed and not saved yet: it outlives a reload, and the way to the identity provider and back. Undefined is nothing. */
export function useKept<T>(key: string): [T | undefined, (value: T | undefined) => void] {
  const name = `terroir-draft ${key}`;
  const [value, setValue] = useState<T | undefined>(() => read(name) as T | undefined);
  const keep = (next: T | undefined): void => {
    setValue(next);
    try {
      if (next === undefined) sessionStorage.removeItem(name);
      else sessionStorage.setItem(name, JSON.stringify(next));
    } catch {
      // More than the browser keeps: the page itself still has it.
    }
  };
  return [value, keep];
}

function read(name: string): unknown {
  const text = sessionStorage.getItem(name);
  return text === null ? undefined : JSON.parse(text);
}
