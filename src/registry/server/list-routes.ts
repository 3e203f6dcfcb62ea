import { type Descriptor, mediaTypes } from '../../schema/index.ts';
import { compareTags } from '../names.ts';
import { registryError } from '../registry-error.ts';
import { type Answer, type Call, jsonAnswer } from './call.ts';

/** As many at once, where nobody asks for fewer. */
const pageSize = 1000;

/** GET /v2/<name>/tags/list */
export async function listTags({ repository, query }: Call): Promise<Answer> {
  const tags = await repository.listTags();
  if (tags.length === 0 && !(await repository.exists())) {
    throw registryError('NAME_UNKNOWN', 'no such repository', { detail: { name: repository.name } });
  }
  const { page, next } = cut(tags, query, compareTags);
  const link = next === undefined ? {} : nextPage(`/v2/${repository.name}/tags/list`, { n: next.n, last: next.last });
  return jsonAnswer(200, { name: repository.name, tags: page }, link);
}

/** GET /v2/_catalog: what Docker's registry has besides the specification. Only what the client may read. */
export async function listRepositories({ registry, query, mayRead }: Call): Promise<Answer> {
  const names: string[] = [];
  for await (const name of registry.repositories()) if (await mayRead(name)) names.push(name);
  const { page, next } = cut(names.sort(compareText), query, compareText);
  const link = next === undefined ? {} : nextPage('/v2/_catalog', { n: next.n, last: next.last });
  return jsonAnswer(200, { repositories: page }, link);
}

/** GET /v2/<name>/referrers/<digest> */
export async function listReferrers({ repository, item, query }: Call): Promise<Answer> {
  // A plus that nobody encoded arrives as a space; media types have none.
  const wanted = query.get('artifactType')?.replaceAll(' ', '+');
  const all = await repository.listReferrers(item);
  const found = wanted === undefined ? all : all.filter(({ artifactType }) => artifactType === wanted);
  const digests = found.map(({ digest }) => digest).sort(compareText);
  const { page, next } = cut(digests, query, compareText);
  const byDigest = new Map<string, Descriptor>(found.map((each) => [each.digest, each]));
  const filter: Record<string, string> = wanted === undefined ? {} : { artifactType: wanted };
  const path = `/v2/${repository.name}/referrers/${item}`;
  return jsonAnswer(
    200,
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: page.map((digest) => byDigest.get(digest)) },
    {
      'content-type': mediaTypes.ociIndex,
      ...(wanted === undefined ? {} : { 'oci-filters-applied': 'artifactType' }),
      ...(next === undefined ? {} : nextPage(path, { ...filter, n: next.n, last: next.last })),
    },
  );
}

interface Page {
  page: string[];
  /** What asks for the following page. */
  next: { n: string; last: string } | undefined;
}

/** `n` and `last` of a query, on a sorted list. `last` need not be in it. */
function cut(sorted: readonly string[], query: URLSearchParams, compare: (a: string, b: string) => number): Page {
  const [n, last] = [query.get('n'), query.get('last')];
  if (n !== null && !/^\d{1,9}$/.test(n)) {
    throw registryError('UNSUPPORTED', '`n` is the number of entries that are wanted', { status: 400 });
  }
  const count = Math.min(n === null ? pageSize : Number(n), pageSize);
  const rest = last === null ? sorted : sorted.filter((each) => compare(each, last) > 0);
  const page = rest.slice(0, count);
  const end = page.at(-1);
  return { page, next: end === undefined || page.length === rest.length ? undefined : { n: String(count), last: end } };
}

function nextPage(path: string, query: Record<string, string>): { link: string } {
  return { link: `<${path}?${new URLSearchParams(query).toString()}>; rel="next"` };
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
