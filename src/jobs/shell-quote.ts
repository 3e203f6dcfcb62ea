/** Where a shell stands in a command text. */
export type QuoteState = 'plain' | 'single' | 'double';

/** The state after some more text. A comment ends with its line, whatever quotes are in it. */
export function followQuotes(state: QuoteState, text: string): QuoteState {
  let current = state;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (current === 'single') {
      if (char === "'") current = 'plain';
    } else if (char === '\\') at += 1;
    else if (char === '"') current = current === 'double' ? 'plain' : 'double';
    else if (current === 'plain' && char === "'") current = 'single';
    else if (current === 'plain' && char === '#' && (at === 0 || /[\s;&|(]/.test(text[at - 1] ?? ''))) {
      const end = text.indexOf('\n', at);
      if (end === -1) return current;
      at = end;
    }
  }
  return current;
}

/** A text that the shell takes for exactly this, at a place in that state. */
export function quoteFor(state: QuoteState, text: string): string {
  if (/^[A-Za-z0-9_/.,:=@%+-]+$/.test(text)) return text;
  if (state === 'double') return text.replaceAll(/[\\"$`]/g, (char) => `\\${char}`);
  const inQuotes = text.replaceAll("'", String.raw`'\''`);
  return state === 'single' ? inQuotes : `'${inQuotes}'`;
}
