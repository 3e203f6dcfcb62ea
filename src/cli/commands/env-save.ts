import { saveFolder } from '../../app/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'env save',
  summary: 'Write a version as a v1 folder',
  description:
    'Writes azureml_environment.json and conda_dependencies.yml, as Azure ML’s SDK v1 saves an environment. What v1 cannot express is named.',
  arguments: [
    { name: '<reference>', description: 'name, name:version or name@latest' },
    { name: '<folder>', description: 'Where to; it is made' },
  ],
  options: [{ flags: '--overwrite', description: 'Replace files that are there' }],
  examples: [{ command: 'terroir env save iris ./iris-env', does: 'write the folder' }],
  run: async (context, { arguments: [reference = '', folder = ''], options }) => {
    const overwrite = options.flag('overwrite');
    const saved = await context.on({
      folder: (app) => saveFolder(app, reference, folder, { overwrite }),
      server: (server) => server.saveFolder(reference, folder, { overwrite }),
    });
    const lines = [...saved.files, ...saved.lost.map((what) => context.style.yellow(`not expressed: ${what}`))];
    return { data: saved, text: lines.join('\n') };
  },
};
