/**
 * Remembers what was worked out for a text. What was asked for longest ago is forgotten when all texts together have more than `characters`.
 */
export function remembered<T>(characters: number): {
  find(text: string): T | undefined;
  keep(text: string, value: T): void;
} {
  const values = new Map<string, T>();
  let size = 0;
  return {
    find: (text) => {
      const value = values.get(text);
      if (value === undefined) return undefined;
      values.delete(text);
      values.set(text, value);
      return value;
    },
    keep: (text, value) => {
      if (text.length > characters / 10) return;
      if (!values.has(text)) size += text.length;
      values.set(text, value);
      for (const oldest of values.keys()) {
        if (size <= characters) return;
        values.delete(oldest);
        size -= oldest.length;
      }
    },
  };
}
