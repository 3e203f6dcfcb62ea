import { isDeepStrictEqual } from 'node:util';
import { AppError, isAppError } from '../../errors/index.ts';
import { type Http, inParallel } from '../../io/index.ts';
import { type Emit, formatCount, startStep, step } from '../../report/index.ts';
import type { CondaSolution, CondaSolveRequest, CondaSolver } from '../../resolve/index.ts';
import type { Archives } from './archives.ts';
import { type Channel, type ChannelPlaces, resolveChannel, resolveChannels } from './channel.ts';
import { type Collected, collectRecords } from './collect-records.ts';
import type { CondaConfiguration, CondaPlaces } from './conda-configuration.ts';
import type { CondaCredentials } from './credentials.ts';
import { defaultChannel } from './default-channels.ts';
import { describePackages } from './describe-packages.ts';
import { findDistributions, readDistributionMetadata } from './find-distributions.ts';
import { answerPath, type KeptAnswer, keepAnswer, type Question, readKeptAnswer } from './kept-answer.ts';
import type { KnownChannels } from './known-channels.ts';
import { readMatchSpec, type SolverSpec } from './match-spec.ts';
import { fetchChannels, fetchedContents, openChannels, openContents } from './read-channels.ts';
import type { RepodataRecord } from './repodata-record.ts';
import { explainFailure } from './solve-failure.ts';
import { type SolverThread, startSolverThread } from './solve-thread.ts';
import { isVirtual, solverAddress, solverInput } from './solver-input.ts';
import { toPackage } from './to-package.ts';

/** Of `@conda-org/rattler`, as package.json pins it. */
export const rattlerVersion = '0.3.5';

/** So many archives at once, of channels that do not tell digests. */
const parallel = 8;

export interface CondaSolverParts extends CondaPlaces {
  configuration: CondaConfiguration;
  credentials: CondaCredentials;
  http: Http;
  storeRoot: string;
  offline: boolean;
  emit: Emit;
  signal?: AbortSignal;
  archives: Archives;
  /** Is told of every channel that is used. */
  known: KnownChannels;
}

/** conda channels through rattler. */
export function createRattlerSolver(parts: CondaSolverParts): CondaSolver {
  return {
    tool: { name: 'rattler', version: rattlerVersion },
    solve: async (request) => await solve(request, parts),
    describe: async (listed, platform) => await describePackages(listed, platform, parts),
    distributions: async (packages) => await findDistributions(packages, parts),
    metadata: async (pkg, distribution) => await readDistributionMetadata(pkg, distribution, parts),
  };
}

async function solve(request: CondaSolveRequest, parts: CondaSolverParts): Promise<CondaSolution> {
  const places: ChannelPlaces = { ...parts, platform: request.platform, tokens: parts.credentials.tokens };
  const specs = request.specs.map(readSpec);
  const { channels, only } = chooseChannels(request.channels, specs, places);
  parts.known.add(channels);
  const answerFile = answerPath(parts.storeRoot, questionOf(request, channels, only));
  const kept = await readKeptAnswer(answerFile);
  let thread: SolverThread | undefined;
  // It gets ready while the channels are read.
  const prepare = (): SolverThread => (thread ??= startSolverThread(parts.signal));
  if (kept === undefined) prepare();
  try {
    const task = { request, specs, channels, only, places, parts, kept, prepare, answerFile };
    const chosen = await choose(task);
    const packages = await inParallel(
      chosen,
      parallel,
      async ({ record, channel }) => await toPackage(record, channel, parts),
    );
    return { channels: channels.map(({ url }) => url), packages };
  } finally {
    await thread?.close();
  }
}

function questionOf(
  { platform, specs, virtualPackages, locked }: CondaSolveRequest,
  channels: readonly Channel[],
  only: Question['only'],
): Question {
  const urls = locked.map(({ url }) => url);
  return { solver: rattlerVersion, platform, specs, channels, only, virtualPackages, locked: urls };
}

interface SolveTask {
  request: CondaSolveRequest;
  specs: readonly SolverSpec[];
  channels: readonly Channel[];
  /** Name → the addresses of the only channels that count for it. */
  only: ReadonlyMap<string, ReadonlySet<string>>;
  places: ChannelPlaces;
  parts: CondaSolverParts;
  /** What was answered the last time. */
  kept: KeptAnswer | undefined;
  answerFile: string;
  /** Starts the solver, if it is not started. */
  prepare: () => SolverThread;
}

interface Chosen {
  record: RepodataRecord;
  channel: Channel;
}

async function choose(task: SolveTask): Promise<Chosen[]> {
  const { channels, kept, parts, request } = task;
  const read = await readUndamaged(task);
  if (read !== undefined) return await ask(read, task);
  const known = kept?.chosen ?? [];
  startStep(parts.emit, `Solving for ${request.platform}`).finish('cached', formatCount(known.length, 'package'));
  return known.map(({ channel, record }) => ({ record, channel: channels[channel] as Channel }));
}

/** What is damaged of the cache is dropped by whoever finds it, and there is nothing that could not be fetched again. */
async function readUndamaged(task: SolveTask): Promise<Read | undefined> {
  for (let left = 2 * task.channels.length; ; left -= 1) {
    try {
      return await read(task);
    } catch (error) {
      if (left === 0 || !isAppError(error, 'CORRUPT_STORE')) throw error;
    }
  }
}

interface Read {
  collected: Collected;
  contents: KeptAnswer['contents'];
}

/** Undefined if the channels are those of the kept answer. */
async function read({ request, specs, channels, only, parts, kept, prepare }: SolveTask): Promise<Read | undefined> {
  const { http, storeRoot, offline, signal } = parts;
  const names = channels.map(({ name }) => name).join(', ');
  const found = await step(
    parts.emit,
    `Reading the ${channels.length === 1 ? 'channel' : 'channels'} ${names}`,
    async (current) => {
      let bytes = 0;
      const onBytes = (count: number): void => {
        bytes += count;
        current.progress(bytes);
      };
      const tools = { http, storeRoot, offline, signal, onBytes };
      const fetched = await fetchChannels(channels, { ...tools, platform: request.platform, refresh: request.refresh });
      if (kept !== undefined && isDeepStrictEqual(kept.contents, fetchedContents(fetched))) {
        current.finish(bytes === 0 ? 'cached' : 'done', 'unchanged');
        return undefined;
      }
      prepare();
      const open = await openChannels(fetched, tools);
      try {
        const collected = await collectRecords(
          open,
          specs.map(({ name }) => name),
          { only, onNames: (count) => current.progress(bytes, undefined, `${count} names`) },
        );
        const count = collected.channels.reduce((sum, { records }) => sum + records.length, 0);
        current.finish(bytes === 0 ? 'cached' : 'done', formatCount(count, 'record'));
        return { collected: withSubdirs(collected, specs), contents: openContents(open) };
      } finally {
        await Promise.all(open.flatMap(({ subdirs }) => subdirs.map(async (subdir) => await subdir.close())));
      }
    },
    { unit: 'bytes' },
  );
  if (found !== undefined) warnOfOdd(found.collected, parts.emit);
  return found;
}

async function ask({ collected, contents }: Read, task: SolveTask): Promise<Chosen[]> {
  const { request, specs, channels, places, parts, prepare, answerFile } = task;
  const { platform } = request;
  const positions = new Map(channels.map(({ url }, index) => [url, index]));
  let isPlain = collected.odd.length === 0;
  return await step(parts.emit, `Solving for ${platform}`, async (current) => {
    const answer = await prepare().solve(
      solverInput({
        specs: specs.map(({ text }) => text),
        platform,
        channels: collected.channels,
        virtualPackages: request.virtualPackages,
        locked: new Set(request.locked.map(({ url }) => url)),
        channelsOf: (text) => {
          isPlain = false;
          return resolveChannel(text, places).flatMap(({ url }) => positions.get(url) ?? []);
        },
      }),
    );
    if (answer.kind !== 'solved') throw explainFailure(answer, { request, specs, channels, collected });
    const find = recordFinder(collected);
    const chosen = answer.urls.filter((url) => !isVirtual(url)).map(find);
    current.finish('done', formatCount(chosen.length, 'package'));
    // What names a channel depends on the configuration too; what is odd is told each time.
    if (isPlain) await keepAnswer(answerFile, { contents, chosen });
    return chosen.map(({ record, channel }) => ({ record, channel: channels[channel] as Channel }));
  });
}

/** Finds records by the solver's addresses, which are those of its input in the standard's form: most of them are so already. */
function recordFinder({ channels }: Collected): (url: string) => { record: RepodataRecord; channel: number } {
  const all = channels.flatMap(({ records }, channel) => records.map((record) => ({ record, channel })));
  const addressOf = ({ record: { subdir, filename }, channel }: (typeof all)[number]): string =>
    `${solverAddress(channel)}/${subdir}/${filename}`;
  const asWritten = new Map(all.map((each) => [addressOf(each), each]));
  let standard: typeof asWritten | undefined;
  return (url) => {
    const direct = asWritten.get(url);
    if (direct !== undefined && new URL(addressOf(direct)).href === url) return direct;
    standard ??= new Map(all.map((each) => [new URL(addressOf(each)).href, each]));
    const found = standard.get(url);
    if (found === undefined) throw new Error(`the solver answered ${url}, which it was not asked about`);
    return found;
  };
}

function readSpec(text: string): SolverSpec {
  const spec = readMatchSpec(text);
  if (spec !== undefined) return spec;
  throw new AppError('INVALID_DEFINITION', `\`${text}\` is no conda specification`, {
    hint: 'Write it like `numpy`, `numpy=1.26`, `numpy>=1.2,<2` or `conda-forge::numpy=1.26.4`.',
  });
}

/**
 * The channels in the definition's order; those that only a specification names come behind them. A name with a channel is looked for nowhere else.
 */
function chooseChannels(
  written: readonly string[],
  specs: readonly SolverSpec[],
  places: ChannelPlaces,
): { channels: Channel[]; only: Map<string, Set<string>> } {
  const named = written.filter((text) => text.trim() !== '' && text.trim() !== 'nodefaults');
  const own = named.length === 0 ? [defaultChannel] : named;
  const only = new Map<string, Set<string>>();
  for (const { name, channel } of specs) {
    if (channel === undefined) continue;
    const urls = new Set(resolveChannel(channel, places).map(({ url }) => url));
    const before = only.get(name);
    only.set(name, before === undefined ? urls : new Set([...before].filter((url) => urls.has(url))));
  }
  const extra = specs.flatMap(({ channel }) => (channel === undefined ? [] : [channel]));
  return { channels: resolveChannels([...own, ...extra], places), only };
}

function warnOfOdd({ odd }: Collected, emit: Emit): void {
  const [first] = odd;
  if (first === undefined) return;
  const more = odd.length === 1 ? '' : ` (and ${odd.length - 1} like it)`;
  emit({
    type: 'note',
    level: 'warning',
    message: `the channel \`${first.channel.name}\` offers \`${first.filename}\`, and ${first.why}; it is left out${more}`,
    hint: 'Tell those who run the channel.',
  });
}

/** `channel/linux-64::name` and `name[subdir=…]` want packages of one folder. */
function withSubdirs(collected: Collected, specs: readonly SolverSpec[]): Collected {
  const wanted = new Map(specs.flatMap(({ name, subdir }) => (subdir === undefined ? [] : [[name, subdir] as const])));
  if (wanted.size === 0) return collected;
  const channels = collected.channels.map(({ channel, records }) => ({
    channel,
    records: records.filter(({ name, subdir }) => (wanted.get(name) ?? subdir) === subdir),
  }));
  return { ...collected, channels };
}
