/** Helps to make one prefix: takes units of the job until there are none. */
import { parentPort } from 'node:worker_threads';
import { createLinkWork, type LinkJob } from './link-units.ts';

export interface LinkAnswer {
  /** Of the file system's error, if there was one. */
  failure?: { message: string; code?: string; path?: string };
}

parentPort?.once('message', (job: LinkJob) => {
  const answer: LinkAnswer = {};
  try {
    const work = createLinkWork(job);
    while (work.next());
  } catch (error) {
    const { message, code, path } = error as NodeJS.ErrnoException;
    answer.failure = { message, code, path };
  }
  parentPort?.postMessage(answer);
});
