import { copyImage } from '../../app/index.ts';
import { formatBytes } from '../../report/render/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'image copy',
  summary: 'Copy an image between registries, layouts and archives',
  description: [
    'Copies an image with the same digest. Source and destination are references (`registry.example/team/name:tag`; `localhost/NAME` is the',
    'workspace’s own registry), OCI layouts (`oci:FOLDER`) or files (`oci-archive:FILE`, `docker-archive:FILE`). Behind folders and files `:NAME`',
    'says which of several images is meant, or how it shall be called. What the destination has is not sent; within a registry blobs are mounted.',
  ].join('\n'),
  arguments: [
    { name: '<source>', description: 'Where the image is' },
    { name: '<destination>', description: 'Where it shall be' },
  ],
  options: [{ flags: '--platform <platform>', description: 'Only linux-64 or linux-aarch64 (all)' }],
  examples: [
    { command: 'terroir image copy docker-archive:base.tar localhost/base:1', does: 'bring a base image by file' },
    {
      command: 'terroir image copy localhost/base:1 registry.example/team/base:1',
      does: 'from the workspace to a registry',
    },
  ],
  run: async (context, { arguments: [source = '', destination = ''], options }) => {
    const data = await copyImage(await context.machine(), { source, destination, platform: options.text('platform') });
    const there = data.present === 0 ? '' : `, ${formatBytes(data.present)} were there`;
    return { data, text: `${data.digest}\n${formatBytes(data.written)} copied${there}` };
  },
};
