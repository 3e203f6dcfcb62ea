import { AppError } from '../errors/index.ts';
import type { AuditStore } from './audit.ts';
import type { Workspace } from './workspace.ts';

/** Who uses a workspace, and from where. */
export interface Actor {
  user: string;
  /** "command line", or an address and the id of a token. */
  origin: string;
}

type Stores = Pick<Workspace, 'environments' | 'locks' | 'images' | 'runs' | 'builds' | 'models' | 'tokens'>;

/**
 * The same stores, with every change in the audit trail once it is made, and every refusal. What changes nothing (the same definition again,
 * a lock that is there) is not recorded, nor what a run notes about itself.
 */
export function recorded(stores: Stores, audit: AuditStore, actor: Actor): Stores {
  const { environments, locks, images, runs, builds, models, tokens } = stores;
  const record = recorder(audit, actor);
  const versionName = async (id: number): Promise<string> => {
    const version = await environments.byId(id);
    return version === undefined ? `version ${id}` : `${version.name}:${version.version}`;
  };
  return {
    environments: {
      ...environments,
      register: async (request) =>
        await record('environment.register', () => environments.register(request), {
          subject: (result) => `${request.name}:${result?.version.version ?? request.version ?? ''}`,
          isChange: ({ outcome }) => outcome !== 'unchanged',
        }),
      updateHeader: async (id, change, check) =>
        await record('environment.update', () => environments.updateHeader(id, change, check), {
          subject: (result) => (result === undefined ? versionName(id) : `${result.name}:${result.version}`),
        }),
      setArchived: async (name, version, archived, check) =>
        await record(
          archived ? 'environment.archive' : 'environment.restore',
          () => environments.setArchived(name, version, archived, check),
          { subject: () => (version === undefined ? name : `${name}:${version}`) },
        ),
      delete: async (id, check) => {
        const subject = await versionName(id);
        await record('environment.delete', () => environments.delete(id, check), { subject: () => subject });
      },
      purge: async (id, check) =>
        await record('environment.purge', () => environments.purge(id, check), { subject: () => versionName(id) }),
    },
    locks: {
      ...locks,
      addFirst: async (lock) =>
        await record('lock.add', () => locks.addFirst(lock), {
          subject: (result) => `${lock.fingerprint} ${lock.platform} ${result?.revision ?? 1}`,
          isChange: (result) => result.lock.digest === lock.digest,
        }),
      relock: async (lock, versionId) =>
        await record('lock.move', () => locks.relock(lock, versionId), {
          subject: async (result) =>
            `${await versionName(versionId)} ${lock.platform} ${result?.revision.revision ?? ''}`.trimEnd(),
        }),
      moveTo: async (versionId, platform, revision) =>
        await record('lock.move', () => locks.moveTo(versionId, platform, revision), {
          subject: async () => `${await versionName(versionId)} ${platform} ${revision}`,
        }),
    },
    images: {
      ...images,
      add: async (...request) =>
        await record('image.add', () => images.add(...request), {
          subject: (result) => `${request[0].fingerprint} ${result?.revision ?? ''}`.trimEnd(),
        }),
    },
    runs: {
      ...runs,
      create: async (run, ...details) =>
        await record('run.submit', () => runs.create(run, ...details), { subject: () => run.id }),
      requestCancel: async (id) => await record('run.cancel', () => runs.requestCancel(id), { subject: () => id }),
    },
    builds: {
      ...builds,
      create: async (build, details) =>
        await record('build.submit', () => builds.create(build, details), {
          subject: () => `${build.id} ${build.environment.name}:${build.environment.version}`,
          isChange: ({ id }) => id === build.id,
        }),
      requestCancel: async (id) => await record('build.cancel', () => builds.requestCancel(id), { subject: () => id }),
    },
    models: {
      ...models,
      register: async (model) =>
        await record('model.register', () => models.register(model), {
          subject: (result) => `${model.name}:${result?.version ?? model.version ?? ''}`,
        }),
    },
    tokens: {
      ...tokens,
      create: async (request) =>
        await record('token.create', () => tokens.create(request), {
          subject: (result) => `${result?.token.id ?? ''} ${request.role} ${request.user}`.trimStart(),
        }),
      revoke: async (id) => await record('token.revoke', () => tokens.revoke(id), { subject: () => id }),
    },
  };
}

interface Description<T> {
  /** Without a result the change was refused. */
  subject(result: T | undefined): string | Promise<string>;
  isChange?(result: T): boolean;
}

type Record = <T>(action: string, change: () => Promise<T>, description: Description<T>) => Promise<T>;

function recorder(audit: AuditStore, actor: Actor): Record {
  return async (action, change, { subject, isChange = () => true }) => {
    try {
      const result = await change();
      if (isChange(result)) await audit.append({ ...actor, action, subject: await subject(result), outcome: 'done' });
      return result;
    } catch (error) {
      if (error instanceof AppError)
        await audit.append({ ...actor, action, subject: await subject(undefined), outcome: error.code });
      throw error;
    }
  };
}
