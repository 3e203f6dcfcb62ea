import { followLogs, readLogs } from '../../app/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'runs logs',
  summary: 'Print what a run printed',
  arguments: [{ name: '<run>', description: 'Its id, or the beginning of it' }],
  options: [{ flags: '-f, --follow', description: 'Go on until the run ends' }],
  examples: [{ command: 'terroir runs logs RUN | tail', does: 'the end of it' }],
  run: async (context, { arguments: [id = ''], options }) => {
    const write = (chunk: Uint8Array): Promise<void> =>
      new Promise((resolve, reject) => {
        process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
    if (context.json) {
      const log = await context.on({
        folder: (app) => readLogs(app, id),
        server: (server) => server.readLogs(id),
      });
      return { data: { log: log.toString('utf8') }, text: '' };
    }
    const how = { follow: options.flag('follow'), write };
    await context.on({
      folder: (app) => followLogs(app, id, how),
      server: (server) => server.followLogs(id, how),
    });
    return { data: null, text: '' };
  },
};
