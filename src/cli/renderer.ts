import {
  createNdjsonRenderer,
  createPlainRenderer,
  createStyle,
  createTerminalRenderer,
  type Renderer,
} from '../report/render/index.ts';
import type { OptionValues } from './command.ts';

/** The renderer that fits: bars at a terminal, lines in CI and pipes, or what the user asked for. */
export function createRenderer(
  options: OptionValues,
  env: Record<string, string | undefined>,
  colours: boolean,
): Renderer {
  const write = (text: string): void => {
    process.stderr.write(text);
  };
  const style = createStyle(colours);
  const asked = options.text('progress') ?? 'auto';
  const kind = asked === 'auto' ? automatic(env) : asked;
  const renderer =
    kind === 'bars'
      ? createTerminalRenderer(process.stderr, style)
      : kind === 'ndjson'
        ? createNdjsonRenderer(write)
        : createPlainRenderer(write, style);
  return kind === 'none' || options.flag('quiet') ? onlyWarnings(renderer) : renderer;
}

function automatic(env: Record<string, string | undefined>): 'bars' | 'plain' {
  return process.stderr.isTTY && !env.CI && env.TERM !== 'dumb' ? 'bars' : 'plain';
}

function onlyWarnings(renderer: Renderer): Renderer {
  return {
    ...renderer,
    handle(event) {
      if (event.type === 'note' && event.level === 'warning') renderer.handle(event);
    },
  };
}
