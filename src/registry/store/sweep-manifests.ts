import { join } from 'node:path';
import { listFolder, readBytesIfExists, readTextIfExists, statIfExists } from '../../io/index.ts';
import { algorithmOf, digestOf } from '../names.ts';
import type { Sweep } from './collect-garbage.ts';
import { tagOfFile } from './layout.ts';
import { readManifest } from './read-manifest.ts';
import { lastUse, retire } from './retire.ts';
import { createTags } from './tags.ts';
import { walkDigests } from './walk.ts';

/** A manifest of the repository, and what it has to do with the others. */
interface Node {
  digest: string;
  path: string;
  references: string[];
  subject: string | undefined;
}

/**
 * Removes the manifests of a repository that have no tag, that no index names, that are about no manifest that stays, that nobody else knows (`keep`) and
 * that nobody used lately. Answers what those that stay name; undefined if one is damaged: then nobody knows what it named, and nothing goes.
 */
export async function sweepManifests(
  sweep: Sweep,
  repository: string,
): Promise<{ manifests: string[]; named: Set<string> } | undefined> {
  const nodes = await readNodes(sweep, repository);
  if (nodes === undefined) return undefined;
  const stay = spread(nodes);
  for (const digest of await tagged(sweep, repository)) stay.add(digest);
  for (const node of nodes.values()) {
    const stats = await statIfExists(node.path);
    if (sweep.keep?.has(node.digest) === true || (stats !== undefined && lastUse(stats) > sweep.before))
      stay.add(node.digest);
  }
  const gone = new Set<string>();
  // An index before its images: if somebody asks for it now, they stay as well.
  for (const node of indexesFirst(nodes)) {
    if (stay.has(node.digest)) continue;
    if (await removeManifest(sweep, repository, node)) gone.add(node.digest);
    else stay.add(node.digest);
  }
  const left = [...nodes.values()].filter(({ digest }) => !gone.has(digest));
  return { manifests: left.map(({ digest }) => digest), named: new Set(left.flatMap(({ references }) => references)) };
}

async function readNodes(sweep: Sweep, repository: string): Promise<Map<string, Node> | undefined> {
  const nodes = new Map<string, Node>();
  for await (const { digest, path } of walkDigests(sweep.layout, repository, 'manifests')) {
    sweep.signal?.throwIfAborted();
    if (digest === undefined) {
      await sweep.removeLeftover(path);
      continue;
    }
    const bytes = await readBytesIfExists(sweep.content.path(digest));
    const record = await readTextIfExists(path);
    // It was deleted a moment ago.
    if (record === undefined) continue;
    if (bytes === undefined || digestOf(bytes, algorithmOf(digest)) !== digest) return undefined;
    const { mediaType } = JSON.parse(record) as { mediaType: string };
    const { references, subject } = readManifest(bytes, mediaType);
    nodes.set(digest, { digest, path, references: references.map((reference) => reference.digest), subject });
  }
  return nodes;
}

/** What stays, with everything that stays because of it: the manifests that it names, and those that are about it. */
function spread(nodes: ReadonlyMap<string, Node>): { has(digest: string): boolean; add(digest: string): void } {
  const about = Map.groupBy(nodes.values(), ({ subject }) => subject);
  const stay = new Set<string>();
  return {
    has: (digest) => stay.has(digest),
    add: (first) => {
      const waiting = [first];
      for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
        if (stay.has(digest)) continue;
        stay.add(digest);
        waiting.push(...(nodes.get(digest)?.references ?? []), ...(about.get(digest) ?? []).map((node) => node.digest));
      }
    },
  };
}

/** The manifests that a tag holds. One that holds nothing goes, if nobody used it lately. */
async function tagged(sweep: Sweep, repository: string): Promise<string[]> {
  const { layout, isLoose = () => false } = sweep;
  const tags = createTags(layout);
  const digests: string[] = [];
  for (const { name } of await listFolder(layout.tags(repository))) {
    const tag = tagOfFile(name);
    if (tag === undefined) {
      await sweep.removeLeftover(join(layout.tags(repository), name));
      continue;
    }
    if (isLoose(repository, tag) && (await sweep.mayGo(layout.tag(repository, tag)))) continue;
    const digest = await tags.get(repository, tag);
    if (digest !== undefined) digests.push(digest);
  }
  return digests;
}

function indexesFirst(nodes: ReadonlyMap<string, Node>): Node[] {
  const sorted: Node[] = [];
  const seen = new Set<string>();
  const visit = (node: Node): void => {
    if (seen.has(node.digest)) return;
    seen.add(node.digest);
    for (const digest of node.references) {
      const named = nodes.get(digest);
      if (named !== undefined) visit(named);
    }
    sorted.unshift(node);
  };
  for (const node of nodes.values()) visit(node);
  return sorted;
}

async function removeManifest(sweep: Sweep, repository: string, { digest, path, subject }: Node): Promise<boolean> {
  if (!(await sweep.mayGo(path))) return false;
  sweep.report.manifests += 1;
  if (subject === undefined || sweep.dryRun === true) return true;
  // Somebody may push it again in this moment: then its entry is young, and stays.
  const entry = join(sweep.layout.referrers(repository, subject), digest.replace(':', '-'));
  await retire(entry, sweep.before);
  return true;
}
