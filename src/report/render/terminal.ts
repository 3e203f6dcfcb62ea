import type { ReportEvent } from '../events.ts';
import { formatBytes } from './format.ts';
import { finishedLine, noteLines, type Renderer, type Style } from './lines.ts';

interface RunningStep {
  title: string;
  unit: 'bytes' | 'items' | undefined;
  done: number;
  total: number | undefined;
  note: string | undefined;
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const barWidth = 24;

/**
 * For a person at a terminal: finished steps scroll up as lines, running ones are a live area at the bottom.
 * Nothing is drawn in the first 100 ms of a step, so that quick ones don't flicker.
 */
export function createTerminalRenderer(stream: NodeJS.WriteStream, style: Style): Renderer {
  const running = new Map<number, RunningStep>();
  let drawn = 0;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  const clear = (): void => {
    if (drawn > 0) stream.write(`\u001B[${drawn}A\u001B[0J`);
    drawn = 0;
  };
  const draw = (): void => {
    frame += 1;
    const width = Math.max((stream.columns ?? 80) - 1, 20);
    const lines = [...running.values()].slice(-8).map((step) => liveLine(step, frame, width, style));
    clear();
    if (lines.length > 0) stream.write(`${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  const print = (lines: string[]): void => {
    clear();
    for (const line of lines) stream.write(`${line}\n`);
  };

  return {
    handle(event: ReportEvent) {
      switch (event.type) {
        case 'step-started':
          running.set(event.id, { ...event, unit: event.unit, done: 0, total: event.total, note: undefined });
          timer ??= setInterval(draw, 100);
          timer.unref();
          break;
        case 'step-progress': {
          const step = running.get(event.id);
          if (step !== undefined)
            Object.assign(step, { done: event.done, total: event.total ?? step.total, note: event.note });
          break;
        }
        case 'step-finished':
          running.delete(event.id);
          print(finishedLine(event, style));
          if (running.size === 0) stop();
          break;
        case 'note':
          print(noteLines(event, style));
          break;
        case 'output':
          print([style.dim(`  ${event.source}: ${event.text}`)]);
          break;
      }
    },
    pause: clear,
    close: stop,
  };

  function stop(): void {
    clear();
    clearInterval(timer);
    timer = undefined;
  }
}

function liveLine(step: RunningStep, frame: number, width: number, style: Style): string {
  const spinner = frames[frame % frames.length] ?? ' ';
  const counts = step.total === undefined ? openCount(step) : closedCount(step, step.total);
  const text = `${spinner} ${step.title}${counts}${step.note === undefined ? '' : ` ${step.note}`}`;
  return style.cyan(text.length > width ? `${text.slice(0, width - 1)}…` : text);
}

function openCount(step: RunningStep): string {
  if (step.done === 0) return '';
  return ` ${step.unit === 'bytes' ? formatBytes(step.done) : step.done}`;
}

function closedCount(step: RunningStep, total: number): string {
  const share = total === 0 ? 1 : Math.min(step.done / total, 1);
  const filled = Math.round(share * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const numbers =
    step.unit === 'bytes' ? `${formatBytes(step.done)} of ${formatBytes(total)}` : `${step.done} of ${total}`;
  return ` ${bar} ${numbers}`;
}
