import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { sampleRequest } from '../../test/kit/workspace/samples.ts';
import { createSqlitePlace } from '../../test/kit/workspace/sqlite-place.ts';
import type { EnvironmentVersion, Workspace } from './index.ts';

const place = createSqlitePlace();
afterEach(() => place.dispose());

/** What the rules say, in the simplest possible words. */
interface ModelVersion {
  version: string;
  content: string;
  archived: boolean;
}
interface Model {
  versions: ModelVersion[];
  archived: boolean;
}

const latestOf = ({ versions }: Model): ModelVersion | undefined =>
  versions.findLast(({ archived }) => !archived) ?? versions.at(-1);

const nextOf = ({ versions }: Model): string => {
  const numbers = versions.map(({ version }) => version).filter((version) => /^(0|[1-9]\d*)$/.test(version));
  return String(Math.max(0, ...numbers.map(Number)) + 1);
};

type Command =
  | { do: 'register'; content: string; version?: string }
  | { do: 'archive' | 'restore'; index?: number }
  | { do: 'delete'; index: number };

const content = fc.constantFrom('a', 'b', 'c');
const index = fc.nat(5);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('register' as const), content }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('register' as const),
      content,
      version: fc.constantFrom('1', '2', '3', '4', '10', '1.10', '01', 'foo', 'Foo', '7:1'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('archive' as const, 'restore' as const), index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('archive' as const, 'restore' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), index }) },
);

describe('version numbering', () => {
  it('follows the rules, whatever is done in whatever order', async () => {
    const workspace = await place.empty();
    let run = 0;
    const property = fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
      run += 1;
      const name = `env-${run}`;
      const model: Model = { versions: [], archived: false };
      for (const step of commands) await apply(workspace, name, model, step);
      await compare(workspace, name, model);
    });
    await fc.assert(property, { numRuns: 150 });
  });
});

async function apply(workspace: Workspace, name: string, model: Model, step: Command): Promise<void> {
  if (step.do === 'register') await applyRegister(workspace, name, model, step);
  else if (step.do === 'delete') await applyDelete(workspace, name, model, step.index);
  else await applyArchive(workspace, name, model, { archived: step.do === 'archive', index: step.index });
}

async function applyRegister(
  { environments }: Workspace,
  name: string,
  model: Model,
  step: { content: string; version?: string },
): Promise<void> {
  const request = sampleRequest(name, step.content, { version: step.version, tags: { content: step.content } });
  const named = model.versions.find(({ version }) => version === step.version);
  if (named !== undefined && named.content !== step.content) {
    await expect(environments.register(request)).rejects.toMatchObject({ code: 'VERSION_EXISTS' });
    return;
  }
  const { version, outcome } = await environments.register(request);
  const latest = latestOf(model);
  const same = named ?? (step.version === undefined && latest?.content === step.content ? latest : undefined);
  if (same !== undefined) {
    expect({ outcome, version: version.version }).toEqual({ outcome: 'unchanged', version: same.version });
    return;
  }
  const made = { version: step.version ?? nextOf(model), content: step.content, archived: model.archived };
  expect({ outcome, version: version.version, archived: version.archived }).toEqual({
    outcome: 'created',
    version: made.version,
    archived: made.archived,
  });
  model.versions.push(made);
}

async function applyArchive(
  { environments }: Workspace,
  name: string,
  model: Model,
  { archived, index }: { archived: boolean; index?: number },
): Promise<void> {
  const target = index === undefined ? undefined : model.versions[index];
  if (model.versions.length === 0 || (index !== undefined && target === undefined)) return;
  const work = environments.setArchived(name, target?.version, archived);
  if (target === undefined) {
    await work;
    model.archived = archived;
    for (const version of model.versions) version.archived = archived;
  } else if (model.archived && !archived) {
    await expect(work).rejects.toMatchObject({ code: 'ARCHIVED' });
  } else {
    await work;
    target.archived = archived;
  }
}

async function applyDelete({ environments }: Workspace, name: string, model: Model, index: number): Promise<void> {
  const target = model.versions[index];
  if (target === undefined) return;
  const version = await environments.get(name, target.version);
  await environments.delete(version?.id ?? -1);
  model.versions.splice(index, 1);
  if (model.versions.length === 0) model.archived = false;
}

async function compare({ environments }: Workspace, name: string, model: Model): Promise<void> {
  const { items } = await environments.listVersions(name, { limit: 100, archived: 'all' });
  const shown = (version: EnvironmentVersion): ModelVersion => ({
    version: version.version,
    content: version.definition.image?.replace('debian:', '') ?? '',
    archived: version.archived,
  });
  expect(items.map(shown)).toEqual(model.versions.toReversed());
  expect((await environments.latest(name))?.version).toBe(latestOf(model)?.version);
  const summary = (await environments.list({ limit: 1000, archived: 'all', nameContains: name })).items.find(
    (item) => item.name === name,
  );
  const latest = latestOf(model);
  const expected = latest && {
    latestVersion: latest.version,
    archived: latest.archived,
    versions: model.versions.length,
    nextVersion: nextOf(model),
    tags: { content: latest.content },
  };
  if (expected === undefined) expect(summary).toBeUndefined();
  else expect(summary).toMatchObject(expected);
  const active = model.versions.filter(({ archived }) => !archived).length;
  for (const content of ['a', 'b', 'c']) {
    const { items: found } = await environments.list({ limit: 10, name, tags: [`content=${content}`] });
    expect(found.map(({ versions }) => versions)).toEqual(active > 0 && latest?.content === content ? [active] : []);
  }
}
