import type { JSX } from 'preact';

const yaml = /(#.*$)|(^\s*(?:- )*)([\w.-]+)(?=:(?:\s|$))|("(?:[^"\\]|\\.)*"|'[^']*')|(\$\{\{?[^}]*\}\}?)/gm;
const dockerfile = /(^\s*#.*$)|(^\s*)([A-Z]{2,})(?=\s)|("(?:[^"\\]|\\.)*")|(\$\{?\w+\}?)/gm;
const requirements = /((?:^|\s)#.*$)|(^\s*)(--?[\w-]+)|("[^"]*")|(===?|~=|[<>!]=?[\d.*\w]+)/gm;

/** The text of a definition with line numbers and some colour. Text stays text: nothing of it is markup. */
export function Source({ path, text }: { path: string; text: string }): JSX.Element {
  const lines = text.replace(/\n$/, '').split('\n');
  const pattern = patternOf(path);
  return (
    <pre class="source" tabIndex={0} aria-label={path}>
      {lines.map((line, index) => (
        <span key={index} class="line">
          <span class="number" aria-hidden="true">
            {index + 1}
          </span>
          <code>{line.length > 2000 ? line : colour(line, pattern)}</code>
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

function patternOf(path: string): RegExp {
  if (/dockerfile/i.test(path)) return dockerfile;
  return /\.(?:txt|in)$/.test(path) ? requirements : yaml;
}

const classes = ['comment', '', 'key', 'string', 'variable'];

function colour(line: string, pattern: RegExp): (JSX.Element | string)[] {
  const parts: (JSX.Element | string)[] = [];
  let at = 0;
  for (const match of line.matchAll(pattern)) {
    if (match.index > at) parts.push(line.slice(at, match.index));
    match.slice(1).forEach((text, index) => {
      if (text === undefined || text === '') return;
      const name = classes[index];
      parts.push(name === '' || name === undefined ? text : <span class={`t-${name}`}>{text}</span>);
    });
    at = match.index + match[0].length;
  }
  parts.push(line.slice(at));
  return parts;
}
