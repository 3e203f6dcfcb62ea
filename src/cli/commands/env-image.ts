import { showImage } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { imageText } from '../image-text.ts';
import { readWholeNumber } from '../whole-number.ts';

export const command: Command = {
  name: 'env image',
  summary: 'Show the image of a version: digest, base, layers',
  description:
    'Shows the newest image of a version’s fingerprint, with what is in each layer. Nothing is built; `terroir env build` does that.',
  arguments: [{ name: '<reference>', description: 'name, name:version, name@latest, or a file' }],
  options: [
    { flags: '--platform <platform>', description: 'linux-64 or linux-aarch64 (this machine’s)' },
    { flags: '--revision <n>', description: 'An earlier revision' },
    { flags: '--dockerfile', description: 'Print a Dockerfile that says the same' },
  ],
  examples: [
    { command: 'terroir env image iris', does: 'what would run' },
    { command: "terroir env image iris --json | jq -r '.digest'", does: 'for scripts' },
    { command: 'terroir env image iris --dockerfile', does: 'for people who know Dockerfiles' },
  ],
  run: async (context, { arguments: [reference = ''], options }) => {
    const which = { platform: options.text('platform'), revision: readWholeNumber(options, 'revision') };
    const image = await context.on({
      folder: (app) => showImage(app, reference, which),
      server: (server) => server.showImage(reference, which),
    });
    const text = options.flag('dockerfile') ? image.dockerfile : imageText(image, context.style);
    return { data: image, text };
  },
};
