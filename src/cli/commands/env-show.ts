import { showVersion } from '../../app/index.ts';
import { formatCount } from '../../report/index.ts';
import type { Command } from '../command.ts';
import { facts } from '../table.ts';
import { versionText } from '../version-text.ts';

export const command: Command = {
  name: 'env show',
  summary: 'Show a version: definition, fingerprint, lock',
  arguments: [{ name: '<reference>', description: 'name, name:version, name@latest, or azureml:name:version' }],
  options: [{ flags: '--source', description: 'Print the definition as it was written' }],
  examples: [
    { command: 'terroir env show iris', does: 'the latest version' },
    { command: 'terroir env show iris:3 --source', does: 'the file as it was registered' },
    { command: 'terroir env show iris --json', does: 'everything, for programs' },
  ],
  run: async (context, { arguments: [reference = ''], options }) => {
    const shown = await context.on({
      folder: (app) => showVersion(app, reference),
      server: (server) => server.showVersion(reference),
    });
    if (options.flag('source')) {
      const text = shown.sources
        .map(({ path, text }) => (shown.sources.length === 1 ? text : `# ${path}\n${text}`))
        .join('\n');
      return { data: shown.sources, text: text.trimEnd() };
    }
    const locks = shown.locks.map(
      ({ platform, revision, digest, packages }) =>
        `${platform}: revision ${revision}, ${formatCount(packages, 'package')}, ${digest.slice(0, 12)}`,
    );
    const source = shown.sources[0]?.text.trimEnd() ?? '';
    const text = [
      versionText(shown.version, context.style),
      facts(
        [
          ['image name', shown.imageRepository],
          ['locks', locks.length === 0 ? 'none yet: the first use locks' : locks.join('\n')],
        ],
        context.style,
      ),
      '',
      source,
    ].join('\n');
    return { data: shown.version, text: text.trimEnd() };
  },
};
