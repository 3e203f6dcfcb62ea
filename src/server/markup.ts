/** Text as HTML. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Text with `code` in it. */
export function words(text: unknown): string {
  return typeof text === 'string' ? escape(text).replace(/`([^`]+)`/g, '<code>$1</code>') : '';
}

export function codeText(text: string): string {
  return `<code>${escape(text)}</code>`;
}
