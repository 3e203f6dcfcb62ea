import { installKernel } from '../../app/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'env kernel',
  summary: 'Install a Jupyter kernel for an environment',
  description: [
    'Writes a kernel specification, so that Jupyter offers the environment. The environment needs the package ipykernel.',
    'The kernel starts with the exact packages of the lock, also after the definition got new versions.',
  ].join('\n'),
  arguments: [{ name: '<reference>', description: 'name, name:version, name@latest, or a file' }],
  options: [
    { flags: '--display-name <text>', description: 'What Jupyter shows (terroir NAME:VERSION)' },
    { flags: '--jupyter-path <folder>', description: 'Where kernels go (the user’s Jupyter data folder)' },
    { flags: '--remove', description: 'Remove the kernel again' },
  ],
  examples: [{ command: 'terroir env kernel iris', does: 'then choose it in Jupyter or in an editor' }],
  run: async (context, { arguments: [reference = ''], options }) => {
    const remove = options.flag('remove');
    const { app, reference: known } = await context.here(reference, { lock: !remove });
    const kernel = await installKernel(app, known, {
      displayName: options.text('displayName'),
      folder: options.text('jupyterPath'),
      remove,
    });
    return { data: kernel, text: `${kernel.removed ? 'removed' : 'installed'} ${kernel.folder}` };
  },
};
