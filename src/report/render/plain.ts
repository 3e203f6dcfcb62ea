import type { ReportEvent } from '../events.ts';
import { formatBytes } from './format.ts';
import { finishedLine, noteLines, type Renderer, type Style } from './lines.ts';

const heartbeat = 10_000;

/** For logs and pipes: one line when a step ends, and one every ten seconds while it goes on. */
export function createPlainRenderer(write: (text: string) => void, style: Style): Renderer {
  const running = new Map<number, { title: string; unit?: 'bytes' | 'items'; lastShown: number }>();
  const line = (text: string): void => write(`${text}\n`);
  return {
    handle(event: ReportEvent) {
      switch (event.type) {
        case 'step-started':
          running.set(event.id, { title: event.title, unit: event.unit, lastShown: performance.now() });
          break;
        case 'step-progress': {
          const step = running.get(event.id);
          if (step === undefined || performance.now() - step.lastShown < heartbeat) break;
          step.lastShown = performance.now();
          const show = (count: number): string => (step.unit === 'bytes' ? formatBytes(count) : String(count));
          line(`… ${step.title} ${show(event.done)}${event.total === undefined ? '' : ` of ${show(event.total)}`}`);
          break;
        }
        case 'step-finished':
          running.delete(event.id);
          for (const text of finishedLine(event, style)) line(text);
          break;
        case 'note':
          for (const text of noteLines(event, style)) line(text);
          break;
        case 'output':
          line(`  ${event.source}: ${event.text}`);
          break;
      }
    },
    pause: () => undefined,
    close: () => undefined,
  };
}
