/** One instruction of a Dockerfile, with its continuation lines and heredocs. */
export interface DockerInstruction {
  /** Upper case. */
  keyword: string;
  /** What follows the keyword: continuation lines joined, comments in between left out; heredoc bodies behind a line break. */
  value: string;
  /** Offsets into the text. */
  start: number;
  end: number;
}

export const dockerKeywords = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
];

/** Those that only set metadata of an image; everything else needs an engine. */
const metadata = new Set(['ENV', 'LABEL', 'WORKDIR', 'USER', 'EXPOSE', 'ENTRYPOINT', 'CMD']);

/** The instructions of a text. Comments, blank lines and parser directives are left out; `# escape=` is honoured. */
export function dockerInstructions(text: string): DockerInstruction[] {
  const lines = splitLines(text);
  const escapeCharacter = escapeOf(lines.map(({ content }) => content));
  const instructions: DockerInstruction[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const first = lines[index];
    if (first === undefined || isBlankOrComment(first.content)) continue;
    const parts: string[] = [];
    let last = first;
    for (let line: Line | undefined = first; line !== undefined; line = lines[index]) {
      last = line;
      const trimmed = line.content.trimEnd();
      if (line !== first && isBlankOrComment(line.content)) {
        index += 1;
        continue;
      }
      const continued = trimmed.endsWith(escapeCharacter);
      parts.push((continued ? trimmed.slice(0, -1) : trimmed).trim());
      if (!continued) break;
      index += 1;
    }
    const joined = parts.join(' ').trim();
    const keyword = /^\S+/.exec(joined)?.[0] ?? '';
    let value = joined.slice(keyword.length).trim();
    if (/^(?:RUN|COPY|ADD)$/i.test(keyword)) {
      for (const { name, strip } of heredocsOf(value)) {
        const body: string[] = [];
        for (index += 1; index < lines.length; index += 1) {
          last = lines[index] ?? last;
          body.push(last.content);
          if ((strip ? last.content.replace(/^\t+/, '') : last.content) === name) break;
        }
        value += `\n${body.join('\n')}`;
      }
    }
    instructions.push({ keyword: keyword.toUpperCase(), value, start: first.start, end: last.end });
  }
  return instructions;
}

/** True if building these lines takes more than setting metadata. */
export function needsEngine(steps: string): boolean {
  return dockerInstructions(steps).some(({ keyword }) => !metadata.has(keyword));
}

interface Line {
  content: string;
  start: number;
  end: number;
}

function splitLines(text: string): Line[] {
  const lines: Line[] = [];
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  while (start <= text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const content = text.slice(start, end).replace(/\r$/, '');
    lines.push({ content, start, end: start + content.length });
    if (newline === -1) break;
    start = newline + 1;
  }
  return lines;
}

function isBlankOrComment(line: string): boolean {
  return /^\s*(?:#|$)/.test(line);
}

function escapeOf(lines: readonly string[]): string {
  for (const line of lines) {
    const directive = /^\s*#\s*([a-z]+)\s*=\s*(\S+)\s*$/i.exec(line);
    if (directive === null) break;
    if (directive[1]?.toLowerCase() === 'escape' && (directive[2] === '`' || directive[2] === '\\'))
      return directive[2];
  }
  return '\\';
}

function heredocsOf(value: string): { name: string; strip: boolean }[] {
  if (value.startsWith('[')) return [];
  return [...value.matchAll(/(?<![<\d"'])<<(-?)(["']?)([A-Za-z_][A-Za-z0-9_]*)\2/g)].map((match) => ({
    name: match[3] ?? '',
    strip: match[1] === '-',
  }));
}
