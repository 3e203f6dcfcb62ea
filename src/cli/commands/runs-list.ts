import { listRuns } from '../../app/index.ts';
import { formatDuration } from '../../report/render/index.ts';
import { runStatuses } from '../../schema/index.ts';
import type { Command } from '../command.ts';
import { pageOptions, pageText, readPage } from '../page.ts';
import { statusText } from '../run-text.ts';
import { shorten, table } from '../table.ts';
import { ago } from '../time-text.ts';

export const command: Command = {
  name: 'runs list',
  summary: 'List runs, newest first',
  options: [
    { flags: '--status <status>', description: 'Only with this status', choices: runStatuses },
    { flags: '--env <reference>', description: 'Only of this environment: name or name:version' },
    ...pageOptions,
  ],
  examples: [
    { command: 'terroir runs list --env iris', does: 'what ran in an environment' },
    { command: 'terroir runs list --status Failed --limit 5', does: 'the latest failures' },
  ],
  run: async (context, { options }) => {
    const request = {
      status: options.text('status'),
      environment: options.text('env'),
      ...readPage(options),
    };
    const page = await context.on({
      folder: (app) => listRuns(app, request),
      server: (server) => server.listRuns(request),
    });
    const rows = page.items.map((run) => [
      run.id,
      run.status,
      `${run.environment.name}:${run.environment.version}`,
      ago(run.createdAt),
      run.resources === null ? '' : formatDuration(run.resources.wall * 1000),
      run.displayName ?? shorten(typeof run.command === 'string' ? run.command : run.command.join(' '), 60),
    ]);
    const text = table(['run', 'status', 'environment', 'created', 'took', 'name'], rows, context.style);
    const coloured = runStatuses.reduce(
      (all, status) => all.replaceAll(`  ${status} `, `  ${statusText(status, context.style)} `),
      text,
    );
    const { status, environment, cursor } = request;
    return {
      data: page,
      text: pageText(coloured, {
        next: page.next,
        isNarrowed: status !== undefined || environment !== undefined || cursor !== undefined,
        what: 'runs',
        first: '`terroir run JOB.yml` makes one',
      }),
    };
  },
};
