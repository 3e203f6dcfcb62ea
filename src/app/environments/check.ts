import { dirname, resolve } from 'node:path';
import {
  applyFixes,
  checkDefinition,
  type Finding,
  hasOpenPins,
  type LockedVersions,
  pinFromLock,
} from '../../definition/checks/index.ts';
import { type ReadResult, readDefinition } from '../../definition/index.ts';
import { readText, writeAtomically } from '../../io/index.ts';
import type { App } from '../app.ts';
import { type EnsuredLock, ensureLock } from '../locks/ensure-lock.ts';
import { isDefinitionPath } from './definition-path.ts';
import { findNamed } from './find-named.ts';
import { type PackedDefinition, packText } from './pack-definition.ts';
import { type DefinitionSource, type ReadSource, readSource } from './read-source.ts';
import { register, registerAnonymous } from './register.ts';
import { accessStored, readStored } from './stored-files.ts';

export interface CheckResult {
  findings: Finding[];
  /** What `--fix` did, as sentences. */
  changes: string[];
}

/** Which Python, and which version of each package, a definition would be locked to. */
export type FindVersions = (definition: PackedDefinition) => Promise<LockedVersions>;

/**
 * Analyses a file or a registered version. With `fix`, a file is repaired in place, and a version gets a repaired successor. What a file is pinned to is
 * found out here, or by `findVersions`.
 */
export async function checkEnvironment(
  app: App,
  target: string,
  options: { fix: boolean; findVersions?: FindVersions },
): Promise<CheckResult> {
  return (await isDefinitionPath(app, target))
    ? await checkFile(app, target, options)
    : await checkRegistered(app, target, options);
}

/** Analyses a definition that is registered nowhere. */
export async function checkDefinitionText(app: App, source: DefinitionSource): Promise<CheckResult> {
  return { findings: findingsOf(await readSource(app, source)), changes: [] };
}

/** With the places of files as the caller names them. */
function findingsOf({ read, shown }: ReadSource): Finding[] {
  return checkDefinition(read).map((finding) =>
    finding.position === undefined
      ? finding
      : { ...finding, position: { ...finding.position, file: shown(finding.position.file) } },
  );
}

async function checkFile(
  app: App,
  path: string,
  { fix, findVersions }: { fix: boolean; findVersions?: FindVersions },
): Promise<CheckResult> {
  const source = await readSource(app, { kind: 'path', path });
  const findings = findingsOf(source);
  if (!fix) return { findings, changes: [] };
  const repaired = applyFixes(
    source.read.sources,
    findings.flatMap((finding) => finding.fix ?? []),
  );
  const folder = dirname(resolve(app.cwd, path));
  const [main] = repaired;
  if (main === undefined) return { findings, changes: [] };
  const fixedFiles = {
    ...source.files,
    readBytes: async (name: string) => bytesOf(repaired, name) ?? (await source.files.readBytes(name)),
  };
  const read = await readDefinition(main, fixedFiles);
  const pins = await pinsOf(read, async () =>
    findVersions === undefined
      ? versionsOf(await ensureLock(app, await registerAnonymous(app, { read, files: fixedFiles })))
      : await findVersions(await packText(main, fixedFiles, folder)),
  );
  const final = applyFixes(repaired, pins);
  const changes: string[] = [];
  for (const each of final) {
    const target = resolve(folder, each.path);
    if ((await readText(target)) === each.text) continue;
    await writeAtomically(target, each.text);
    changes.push(`changed ${source.shown(each.path)}`);
  }
  return { findings: findingsOf(await readSource(app, { kind: 'path', path })), changes };
}

function versionsOf({ lock: { packages, python } }: EnsuredLock): LockedVersions {
  return { packages, python: python?.version };
}

function bytesOf(sources: readonly { path: string; text: string }[], name: string): Uint8Array | undefined {
  const found = sources.find(({ path }) => path === name);
  return found === undefined ? undefined : Buffer.from(found.text);
}

/** Pins from the lock. Nothing to pin: no lock. */
async function pinsOf(
  read: ReadResult,
  findVersions: () => ReturnType<FindVersions>,
): Promise<ReturnType<typeof pinFromLock>> {
  return hasOpenPins(read) ? pinFromLock(read, await findVersions()) : [];
}

async function checkRegistered(app: App, reference: string, { fix }: { fix: boolean }): Promise<CheckResult> {
  const workspace = await app.openWorkspace();
  const version = await findNamed(app, reference);
  const read = await readStored(workspace, version);
  if (read === undefined) return { findings: [], changes: [] };
  const findings = checkDefinition(read, { name: version.anonymous ? undefined : version.name });
  if (!fix) return { findings, changes: [] };
  const pins = hasOpenPins(read) ? pinFromLock(read, versionsOf(await ensureLock(app, version))) : [];
  const sources = applyFixes(read.sources, [...findings.flatMap((finding) => finding.fix ?? []), ...pins]);
  const stored = accessStored(workspace, version.files);
  const files = {
    ...stored,
    readBytes: async (name: string) => bytesOf(sources, name) ?? (await stored.readBytes(name)),
  };
  const [main] = sources;
  if (main === undefined) return { findings, changes: [] };
  const repaired = { read: await readDefinition(main, files), files };
  const result = await register(app, repaired, {
    name: version.name,
    description: version.description ?? undefined,
    tags: version.tags,
    derivedFrom: version.id,
  });
  const { name, version: number } = result.version;
  const changes =
    result.outcome === 'created' ? [`registered ${name}:${number}`] : [`${name}:${number} has everything already`];
  return { findings: checkDefinition(repaired.read, { name }), changes };
}
