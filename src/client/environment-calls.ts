import type * as useCases from '../app/index.ts';
import { checkEnvironment, explainNothingToLock, isDefinitionPath, readPlatform, writeFolder } from '../app/index.ts';
import { imageRepository } from '../definition/index.ts';
import { AppError } from '../errors/index.ts';
import type { Answer, Connection, Request } from './connection.ts';
import type { Definitions } from './definitions.ts';
import type { createLockCalls } from './lock-calls.ts';
import { environmentPath, isWhole, versionPath } from './paths.ts';
import { readRegistered } from './registered-version.ts';

type ArchiveResult = Answer<typeof useCases.archiveEnvironment>;
type LockPreview = Answer<typeof useCases.previewLock>;
type CheckResult = useCases.CheckResult;
type VersionView = useCases.VersionView;

/** Environments and their versions: what the use cases of the same names do on a folder. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function createEnvironmentCalls(
  { api, cwd, emit }: Connection,
  { settle, register, pack, upload }: Definitions,
  { lockEnvironment }: ReturnType<typeof createLockCalls>,
) {
  const setArchived = async (reference: string, archived: boolean): Promise<ArchiveResult> => {
    const verb = archived ? 'archive' : 'restore';
    if (isWhole(reference)) {
      const name = reference.replace(/^azureml:/, '');
      const done = await api.json<{ name: string }>({ method: 'POST', path: `${environmentPath(name)}/${verb}` });
      return { name: done.name, version: null, archived, view: null };
    }
    const view = await api.json<VersionView>({ method: 'POST', path: `${versionPath(reference)}/${verb}` });
    return { name: view.name, version: view.version, archived, view };
  };
  const checkVersion = async (reference: string): Promise<CheckResult> =>
    await api.json({ path: `${versionPath(reference)}/check` });

  const findVersions: useCases.FindVersions = async (packed) => {
    const body = { definition: await upload(packed), platform: readPlatform(undefined) };
    const preview = await api.json<LockPreview>({ method: 'POST', path: '/preview', body, waits: true });
    return { packages: preview.versions, python: preview.python ?? undefined };
  };
  return {
    listEnvironments: async ({ nameContains, tags, ...query }: Request<typeof useCases.listEnvironments>) =>
      await api.json<Answer<typeof useCases.listEnvironments>>({
        path: '/environments',
        query: { ...query, search: nameContains, tag: tags },
      }),

    listVersions: async (name: string, { tags, ...query }: Request<typeof useCases.listVersions, 2>) =>
      await api.json<Answer<typeof useCases.listVersions>>({
        path: `${environmentPath(name)}/versions`,
        query: { ...query, tag: tags },
      }),

    createVersion: async ({ source, lock, ...header }: useCases.CreateRequest): Promise<useCases.RegisteredVersion> => {
      const registered = await register(source, header);
      const { name, version } = registered.version;
      const nothing = lock === true ? explainNothingToLock(registered.version) : undefined;
      if (nothing !== undefined) emit({ type: 'note', level: 'warning', ...nothing });
      else if (lock === true)
        await lockEnvironment(`${name}:${version}`, { relock: false, upgrade: [], dryRun: false });
      return registered;
    },

    showVersion: async (reference: string): Promise<useCases.ShownVersion> => {
      const version = await api.json<VersionView>({ path: versionPath(reference) });
      // Of the very version that was shown, whatever is the latest by now.
      const path = versionPath(`${version.name}:${version.version}`);
      const [sources, locks] = await Promise.all([
        api.json<useCases.ShownVersion['sources']>({ path: `${path}/sources` }),
        api.json<{ items: useCases.ShownVersion['locks'] }>({ path: `${path}/locks` }),
      ]);
      return { version, sources, imageRepository: imageRepository(version.fingerprint), locks: locks.items };
    },

    updateVersion: async (
      reference: string,
      { description, tags, removeTags = [] }: Request<typeof useCases.updateVersion, 2>,
    ): Promise<VersionView> => {
      const gone = Object.fromEntries(removeTags.map((key) => [key, null]));
      const body = { description, tags: { ...tags, ...gone } };
      return await api.json({ method: 'PATCH', path: versionPath(reference), body });
    },

    archiveEnvironment: async (reference: string) => await setArchived(reference, true),
    restoreEnvironment: async (reference: string) => await setArchived(reference, false),

    deleteVersion: async (reference: string, { purge = false }: { purge?: boolean } = {}): Promise<VersionView> => {
      if (isWhole(reference))
        throw new AppError('USAGE', 'a version is deleted, not an environment', { hint: 'Write `name:version`.' });
      const query = { purge: purge ? true : undefined };
      return await api.json({ method: 'DELETE', path: versionPath(reference), query });
    },

    cloneEnvironment: async (
      reference: string,
      { changes, ...header }: Request<typeof useCases.cloneEnvironment, 2>,
    ): Promise<useCases.RegisteredVersion> => {
      const path = `${versionPath(reference)}/clone`;
      return await readRegistered(api, await api.send({ method: 'POST', path, body: { ...header, ...changes } }));
    },

    /** A file is read and repaired here; what it is pinned to, the server finds out. */
    checkEnvironment: async (app: useCases.App, target: string, { fix }: { fix: boolean }): Promise<CheckResult> => {
      if (await isDefinitionPath(app, target)) return await checkEnvironment(app, target, { fix, findVersions });
      const reference = await settle(target);
      if (fix) return await api.json({ method: 'POST', path: `${versionPath(reference)}/fix`, waits: true });
      return await checkVersion(reference);
    },

    checkVersion,

    checkDefinition: async (source: useCases.DefinitionSource): Promise<CheckResult> =>
      await api.json({ method: 'POST', path: '/check', body: { definition: await pack(source, { quiet: true }) } }),

    saveFolder: async (reference: string, folder: string, options: { overwrite?: boolean }) => {
      const version = await api.json<VersionView>({ path: versionPath(reference) });
      return await writeFolder({ cwd }, version, { folder, ...options });
    },

    shareEnvironment: async (reference: string, registry: string): Promise<useCases.SharedEnvironment> =>
      await api.json({ method: 'POST', path: `${versionPath(reference)}/share`, body: { registry }, waits: true }),

    diffEnvironments: async (from: string, to: string, platform?: string): Promise<useCases.EnvironmentDiff> => {
      const query = { from: await settle(from), to: await settle(to), platform: readPlatform(platform) };
      return await api.json({ path: '/diff', query });
    },
  };
}
