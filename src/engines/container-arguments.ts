import type { ContainerRequest } from './engine.ts';

/** What the engines spell differently. */
export interface Dialect {
  user: readonly string[];
  gpus(count: string): readonly string[];
}

/** The words after `docker` or `podman` that run a container to its end. */
export function containerArguments(request: ContainerRequest, dialect: Dialect): string[] {
  const [program, ...rest] = request.words;
  const several = (flag: string, values: readonly string[]): string[] => values.flatMap((value) => [flag, value]);
  return [
    'run',
    '--rm',
    // Without it the script would be process 1, which a signal does not end unless it asked for it.
    '--init',
    '--interactive',
    '--name',
    request.name,
    ...dialect.user,
    '--workdir',
    request.workingFolder,
    ...several('--mount', request.mounts.map(mountText)),
    ...several('--env', request.variables),
    ...several(
      '--label',
      Object.entries(request.labels).map(([key, value]) => `${key}=${value}`),
    ),
    ...(request.gpus === undefined ? [] : dialect.gpus(request.gpus)),
    ...(request.shmSize === undefined ? [] : ['--shm-size', request.shmSize]),
    ...(request.network === undefined ? [] : ['--network', request.network]),
    ...request.extra,
    '--entrypoint',
    program,
    request.image,
    ...rest,
  ];
}

/** `--mount` and not `--volume`: a folder's name may have a colon. It is CSV: a comma or a quote needs quotes. */
function mountText({ source, target, readOnly }: ContainerRequest['mounts'][number]): string {
  const fields = ['type=bind', `source=${source}`, `target=${target}`, ...(readOnly ? ['readonly'] : [])];
  return fields.map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}
