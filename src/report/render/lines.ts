import type { ReportEvent } from '../events.ts';
import { formatDuration } from './format.ts';

export interface Renderer {
  handle(event: ReportEvent): void;
  /** Takes what is live off the screen, so that somebody else can write. */
  pause(): void;
  close(): void;
}

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

export function createStyle(colours: boolean): Style {
  const paint = (open: number, close: number) => (text: string) =>
    colours ? `\u001B[${open}m${text}\u001B[${close}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}

export function finishedLine(event: Extract<ReportEvent, { type: 'step-finished' }>, style: Style): string[] {
  const marks = { done: style.green('✓'), cached: style.green('✓'), failed: style.red('✗') } as const;
  const detail = [event.outcome === 'cached' ? 'cached' : undefined, event.detail, formatDuration(event.ms)]
    .filter((part) => part !== undefined)
    .join(', ');
  return [`${marks[event.outcome]} ${event.title} ${style.dim(`(${detail})`)}`];
}

export function noteLines(event: Extract<ReportEvent, { type: 'note' }>, style: Style): string[] {
  const label = event.level === 'warning' ? style.yellow('warning:') : style.cyan('note:');
  const lines = [`${label} ${event.message}`];
  if (event.hint !== undefined) lines.push(`${style.cyan('hint:')} ${event.hint}`);
  return lines;
}
