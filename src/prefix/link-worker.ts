/** Helps to make a prefix: takes units of a job until there are none. Another job comes if the first one fails for what the store lacks. */
import { parentPort } from 'node:worker_threads';
import { createLinkWork, type LinkJob, type LinkWork } from './link-units.ts';

export interface LinkAnswer {
  rewritten: LinkWork['rewritten'];
  /** Of the file system's error, if there was one. */
  failure?: { message: string; code?: string; path?: string };
}

parentPort?.on('message', (job: LinkJob) => {
  const work = createLinkWork(job);
  const answer: LinkAnswer = { rewritten: work.rewritten };
  try {
    while (work.next());
  } catch (error) {
    const { message, code, path } = error as NodeJS.ErrnoException;
    answer.failure = { message, code, path };
  }
  parentPort?.postMessage(answer);
});
