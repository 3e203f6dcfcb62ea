import { exportLock, type LockResult, lockEnvironment } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { packageDiffLines } from '../diff-text.ts';
import { facts, table } from '../table.ts';

export const command: Command = {
  name: 'env lock',
  summary: 'Resolve, show, move and export the lock',
  description: [
    'Shows the lock: the exact packages of a version for a platform. The first call resolves; after that nothing moves.',
    '',
    '--relock resolves anew and makes the next revision: it moves the version that is named, and what was not locked yet. Other versions with',
    'the same fingerprint keep theirs, and are listed. --dry-run only shows what would move.',
  ].join('\n'),
  arguments: [{ name: '<reference>', description: 'name, name:version, name@latest, or a file' }],
  options: [
    { flags: '--relock', description: 'Resolve anew: a new revision' },
    {
      flags: '--upgrade <package>',
      description: 'With --relock: let only this package move; may be given several times',
      repeatable: true,
    },
    { flags: '--dry-run', description: 'With --relock: show what would move, and keep nothing' },
    {
      flags: '--platform <platform>',
      description: 'linux-64, linux-aarch64, osx-64, osx-arm64 or win-64 (this machine’s)',
    },
    { flags: '--revision <n>', description: 'Show an earlier revision' },
    {
      flags: '--export <format>',
      description: 'Print it in another format',
      choices: ['pylock', 'requirements', 'explicit', 'conda-lock', 'environment', 'json'],
    },
  ],
  examples: [
    { command: 'terroir env lock iris', does: 'lock, or show the lock' },
    { command: 'terroir env lock iris --relock --dry-run', does: 'what would an update bring?' },
    { command: 'terroir env lock iris --platform osx-arm64', does: 'for another platform, from here' },
    { command: 'terroir env lock iris --export requirements > requirements.lock', does: 'for pip, with hashes' },
    { command: 'terroir env lock iris --export conda-lock > conda-lock.yml', does: 'for conda-lock, mamba and others' },
    {
      command: 'terroir env lock iris --export environment > environment.yml',
      does: 'a conda file that pins everything',
    },
  ],
  run: async (context, { arguments: [reference = ''], options }) => {
    const request = {
      platform: options.text('platform'),
      relock: options.flag('relock'),
      upgrade: options.list('upgrade'),
      dryRun: options.flag('dryRun'),
      revision: options.text('revision'),
    };
    const result = await context.on({
      folder: (app) => lockEnvironment(app, reference, request),
      server: (server) => server.lockEnvironment(reference, request),
    });
    const format = options.text('export');
    if (format !== undefined) {
      const text = exportLock(result.lock, format);
      return { data: format === 'json' ? result.lock : { format, text }, text: text.trimEnd() };
    }
    const data = {
      revision: result.revision,
      outcome: result.outcome,
      lock: result.lock,
      diff: result.diff,
      stay: result.stay,
    };
    return { data, text: lockText(result, context.style) };
  },
};

function lockText(result: LockResult, style: Parameters<typeof facts>[1]): string {
  const { lock } = result;
  const head = facts(
    [
      ['environment', result.subject],
      ['platform', lock.platform],
      ['revision', result.revision === null ? 'none: this was a dry run' : String(result.revision)],
      ['python', lock.python === undefined ? 'none' : `${lock.python.version} (${lock.python.source})`],
      ['channels', lock.inputs.channels.join('\n')],
      ['indexes', lock.inputs.indexes.join('\n')],
      ['digest', lock.digest],
    ],
    style,
  );
  if (result.diff !== undefined) {
    const moved = packageDiffLines(result.diff, style);
    if (result.pythonBefore !== undefined)
      moved.unshift(`~ python ${result.pythonBefore} → ${lock.python?.version ?? 'none'}`);
    const stay = result.stay.map((version) => `  ${version} stays at its revision`);
    return [head, '', ...(moved.length === 0 ? ['nothing moves'] : moved), ...stay].join('\n');
  }
  const rows = lock.packages.map((pkg) => [
    pkg.name,
    pkg.version,
    pkg.requested ? 'requested' : '',
    pkg.sha256.slice(0, 12),
    pkg.filename,
  ]);
  return `${head}\n\n${table(['package', 'version', '', 'sha256', 'file'], rows, style)}`;
}
