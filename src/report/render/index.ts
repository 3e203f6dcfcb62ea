/** The renderers of events. Only `cli` uses them. */
export { formatBytes, formatDuration } from './format.ts';
export { createStyle, type Renderer, type Style } from './lines.ts';
export { createNdjsonRenderer } from './ndjson.ts';
export { createPlainRenderer } from './plain.ts';
export { createTerminalRenderer } from './terminal.ts';
