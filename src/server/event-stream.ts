import { StringDecoder } from 'node:string_decoder';
import type { FastifyReply } from 'fastify';
import { toAppError, toProblem } from './problem.ts';
import { drained } from './stream-log.ts';

/** Server-sent events of one log. */
export interface EventStream {
  /** Runs what writes to the stream, and ends it, whatever happens. */
  run(work: () => Promise<void>): Promise<void>;
  /** Whole characters only; the id of an event is the number of bytes that it and those before it cover. */
  log(chunk: Uint8Array, end: number): Promise<void>;
  /** Whole lines only, each an event; ids as of `log`. */
  lines(chunk: Uint8Array, end: number): Promise<void>;
  end(facts: object): Promise<void>;
}

/** Milliseconds without an event after which a comment goes out, so that proxies keep the connection. */
const keepAlive = 15_000;

export function openEventStream(reply: FastifyReply): EventStream {
  const { raw } = reply;
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  // A proxy that collects the answer would defeat its purpose.
  raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
  raw.flushHeaders();
  const decoder = new StringDecoder('utf8');
  let unfinished: Buffer = Buffer.alloc(0);
  const send = async (text: string): Promise<void> => {
    if (raw.destroyed) throw new Error('nobody reads any more');
    timer.refresh();
    if (!raw.write(text)) await drained(raw);
  };
  const timer = setInterval(() => raw.write(': still here\n\n'), keepAlive);
  return {
    run: async (work) => {
      try {
        await work();
      } catch (error) {
        const problem = toProblem(toAppError(error), reply.request.id);
        if (!raw.destroyed) raw.write(`event: problem\ndata: ${JSON.stringify(problem)}\n\n`);
      } finally {
        clearInterval(timer);
        raw.end();
      }
    },
    log: async (chunk, end) => {
      const text = decoder.write(Buffer.from(chunk));
      // What the decoder holds back comes with the next event, and again after a resumption.
      if (text !== '') await send(`id: ${end - heldBack(decoder)}\nevent: log\ndata: ${JSON.stringify({ text })}\n\n`);
    },
    lines: async (chunk, end) => {
      const bytes = Buffer.concat([unfinished, chunk]);
      let at = 0;
      for (let next = bytes.indexOf(10); next !== -1; next = bytes.indexOf(10, at)) {
        const id = end - bytes.length + next + 1;
        await send(`id: ${id}\nevent: progress\ndata: ${bytes.toString('utf8', at, next)}\n\n`);
        at = next + 1;
      }
      unfinished = bytes.subarray(at);
    },
    end: async (facts) => {
      const rest = decoder.end();
      if (rest !== '') await send(`event: log\ndata: ${JSON.stringify({ text: rest })}\n\n`);
      await send(`event: end\ndata: ${JSON.stringify(facts)}\n\n`);
    },
  };
}

/** Bytes of a character that has not come as a whole yet. Node's decoder tells, its types do not. */
function heldBack(decoder: StringDecoder): number {
  const { lastNeed = 0, lastTotal = 0 } = decoder as StringDecoder & { lastNeed?: number; lastTotal?: number };
  return lastNeed === 0 ? 0 : lastTotal - lastNeed;
}
