import { showModel } from '../../app/index.ts';
import { formatBytes } from '../../report/render/index.ts';
import type { Command } from '../command.ts';
import { facts } from '../table.ts';
import { tagText } from '../version-text.ts';

export const command: Command = {
  name: 'model show',
  summary: 'Show a model and the environment that trained it',
  arguments: [{ name: '<model>', description: 'name:version, or name for the newest' }],
  examples: [{ command: 'terroir model show iris:1', does: 'what trained this model?' }],
  run: async (context, { arguments: [reference = ''] }) => {
    const { model, run, folder } = await context.on({
      folder: (app) => showModel(app, reference),
      server: (server) => server.showModel(reference),
    });
    const text = facts(
      [
        ['model', `${model.name}:${model.version}`],
        ['description', model.description ?? undefined],
        ['tags', tagText(model.tags)],
        ['files', `${model.files} (${formatBytes(model.size)})`],
        ['digest', model.digest],
        ['kept in', folder],
        ['trained by', `${model.runId} (${run.status}, ${run.endedAt ?? ''})`],
        ['environment', `${run.environment.name}:${run.environment.version}`],
        ['fingerprint', run.environment.fingerprint],
        ['lock', run.lockDigest ?? undefined],
        ['snapshot', run.snapshot?.digest],
        ['git', run.git?.commit],
        ['registered', `${model.createdAt} by ${model.createdBy}`],
      ],
      context.style,
    );
    return {
      data: {
        ...model,
        environment: run.environment,
        lockDigest: run.lockDigest,
        imageDigest: run.imageDigest,
        run: run.id,
      },
      text,
    };
  },
};
