import type { JSX } from 'preact';

/** Text with `code` in it, as the server writes its messages. */
export function WithCode({ text }: { text: string }): JSX.Element {
  return (
    <>{text.split(/`([^`]+)`/).map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>
  );
}
