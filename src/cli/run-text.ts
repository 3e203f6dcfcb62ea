import type { RunOutcome } from '../app/index.ts';
import { formatCount } from '../report/index.ts';
import { formatBytes, formatDuration, type Style } from '../report/render/index.ts';
import type { RecordedContainer, RecordedVariable, RunRecord } from '../schema/index.ts';
import type { CommandContext, CommandResult } from './command.ts';
import { facts } from './table.ts';
import { ago } from './time-text.ts';
import { tagText } from './version-text.ts';

/** What `run` and `runs replay` answer: the script's exit code, the record for `--json`, a summary on stderr. */
export function runResult({ record, exitCode }: RunOutcome, context: CommandContext): CommandResult {
  context.renderer.pause();
  if (!context.json && record.status !== 'Completed') {
    process.stderr.write(`${context.style.red(record.status)}: ${whyText(record)}\n`);
  }
  if (!context.json && !context.quiet) process.stderr.write(`${closingText(record, context.style)}\n`);
  return { data: record, text: '', exitCode };
}

function whyText(record: RunRecord): string {
  if (record.error !== null) return record.error.message;
  if (record.signal !== null) return `the script was ended by ${record.signal}`;
  return `the script ended with exit code ${record.exitCode ?? 'unknown'}`;
}

function closingText(record: RunRecord, style: Style): string {
  const wall = record.resources === null ? '' : ` in ${formatDuration(record.resources.wall * 1000)}`;
  return style.dim(`run ${record.id} ${record.status}${wall}; \`terroir runs show ${record.id}\` has the record`);
}

export function statusText(status: RunRecord['status'], style: Style): string {
  if (status === 'Completed') return style.green(status);
  if (status === 'Failed') return style.red(status);
  if (status === 'Canceled') return style.yellow(status);
  return style.cyan(status);
}

export function recordText(record: RunRecord, style: Style): string {
  const { environment, machine, snapshot, git, resources, interpreter } = record;
  return facts(
    [
      ['run', style.bold(record.id)],
      [
        'status',
        `${statusText(record.status, style)}${record.exitCode === null ? '' : `, exit code ${record.exitCode}`}${record.signal === null ? '' : `, ${record.signal}`}`,
      ],
      ['error', record.error === null ? undefined : record.error.message],
      ['name', record.displayName ?? undefined],
      ['experiment', record.experimentName ?? undefined],
      ['description', record.description ?? undefined],
      ['tags', tagText(record.tags)],
      ['environment', `${environment.name}:${environment.version}`],
      ['fingerprint', environment.fingerprint],
      ['lock', record.lockDigest === null ? undefined : `${record.lockDigest} (revision ${record.lockRevision})`],
      ['image', record.imageDigest ?? undefined],
      ['prefix', record.prefix ?? undefined],
      [
        'interpreter',
        interpreter === null ? undefined : `${interpreter.path} (${interpreter.implementation} ${interpreter.version})`,
      ],
      ['saw', interpreter?.distributions?.map(({ name, version }) => `${name}==${version}`).join(' ')],
      ['target', record.target],
      ['container', record.container === null ? undefined : containerText(record.container)],
      ['command', typeof record.command === 'string' ? record.command : record.command.join(' ')],
      [
        'snapshot',
        snapshot === null
          ? undefined
          : `${snapshot.digest} (${formatCount(snapshot.files, 'file')}, ${formatBytes(snapshot.size)})`,
      ],
      [
        'git',
        git === null
          ? undefined
          : [git.commit, git.branch, git.remote, git.dirty ? 'with changes' : 'clean'].filter(Boolean).join(', '),
      ],
      [
        'variables',
        Object.entries(record.environmentVariables)
          .map(([name, value]) => `${name}=${variableText(value)}`)
          .join('\n'),
      ],
      [
        'inputs',
        Object.entries(record.inputs)
          .map(
            ([name, { value, digest }]) =>
              `${name} = ${value}${digest === undefined ? '' : ` (${digest.slice(0, 12)})`}`,
          )
          .join('\n'),
      ],
      [
        'outputs',
        Object.entries(record.outputs)
          .map(
            ([name, { path, size, files }]) =>
              `${name}: ${path}${size === undefined ? '' : ` (${formatCount(files ?? 1, 'file')}, ${formatBytes(size)})`}`,
          )
          .join('\n'),
      ],
      [
        'machine',
        machine === null
          ? undefined
          : [
              machine.os,
              machine.platform,
              machine.libc,
              `${machine.cores} × ${machine.cpu}`,
              formatBytes(machine.memory),
              ...machine.gpus.map(({ name }) => name),
            ]
              .filter(Boolean)
              .join(', '),
      ],
      [
        'used',
        resources === null
          ? undefined
          : `${formatDuration(resources.wall * 1000)}, CPU ${formatDuration((resources.userCpu + resources.systemCpu) * 1000)}${resources.maxMemory === undefined ? '' : `, memory ${formatBytes(resources.maxMemory)}`}`,
      ],
      ['notes', record.notes.join('\n')],
      ['replay of', record.replayOf ?? undefined],
      [
        'started',
        record.startedAt === null ? undefined : `${record.startedAt} (${ago(record.startedAt)}) by ${record.createdBy}`,
      ],
    ],
    style,
  );
}

function containerText({ engine, gpus, shmSize, args }: RecordedContainer): string {
  const options = [gpus && `--gpus ${gpus}`, shmSize && `--shm-size ${shmSize}`, ...args];
  return [engine ?? 'any engine', ...options].filter(Boolean).join(' ');
}

function variableText(value: RecordedVariable): string {
  if (typeof value === 'string') return value;
  return value.shown === undefined
    ? `(secret, ${value.secret})`
    : `${value.shown} (without its user info, ${value.secret})`;
}
