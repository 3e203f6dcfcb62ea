import { type ImageValidation, validateImageAt } from '../../app/index.ts';
import type { Style } from '../../report/render/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'image validate',
  summary: 'Check an image: every byte, and what engines refuse',
  description: [
    'Reads an image of anybody’s to its last byte and holds it against the OCI image specification and against what engines are known to refuse.',
    'docs/images.md explains every code. Ends with 7 if there are errors (with --strict: or warnings).',
    '',
    'It may be in a registry, in the workspace’s own (`localhost/NAME`), in an OCI layout (`oci:FOLDER`) or in a file (`oci-archive:FILE`,',
    '`docker-archive:FILE`). Behind folders and files `:NAME` says which of several images is meant.',
  ].join('\n'),
  arguments: [{ name: '<reference>', description: 'Where the image is' }],
  options: [
    { flags: '--platform <platform>', description: 'Only linux-64 or linux-aarch64 (all)' },
    { flags: '--strict', description: 'Warnings count as errors' },
  ],
  examples: [
    { command: 'terroir image validate registry.example/team/iris:1', does: 'an image in a registry' },
    { command: 'terroir image validate docker-archive:iris.tar', does: 'what docker save wrote' },
  ],
  run: async (context, { arguments: [reference = ''], options }) => {
    const data = await validateImageAt(await context.machine(), reference, { platform: options.text('platform') });
    const isGood = data.valid && (!options.flag('strict') || data.findings.length === 0);
    return { data, text: textOf(data, context.style), exitCode: isGood ? 0 : 7 };
  },
};

function textOf({ digest, findings }: ImageValidation, style: Style): string {
  if (findings.length === 0) return `${style.green('nothing to complain about')} in ${digest}`;
  return findings
    .map(({ severity, code, where, message }) => {
      const paint = severity === 'error' ? style.red : style.yellow;
      return `${paint(severity)} ${style.dim(code)}: ${message}\n  ${style.dim(where)}`;
    })
    .join('\n');
}
