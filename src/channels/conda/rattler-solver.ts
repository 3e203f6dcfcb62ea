import { AppError, isAppError } from '../../errors/index.ts';
import type { Http } from '../../io/index.ts';
import { type Emit, formatCount, step } from '../../report/index.ts';
import type { CondaSolution, CondaSolveRequest, CondaSolver } from '../../resolve/index.ts';
import { type Channel, type ChannelPlaces, resolveChannel, resolveChannels } from './channel.ts';
import { type Collected, collectRecords, type OpenChannel } from './collect-records.ts';
import type { CondaConfiguration, CondaPlaces } from './conda-configuration.ts';
import type { CondaCredentials } from './credentials.ts';
import { defaultChannel } from './default-channels.ts';
import { describePackages } from './describe-packages.ts';
import { findDistributions, readDistributionMetadata } from './find-distributions.ts';
import { inParallel } from './in-parallel.ts';
import type { KnownChannels } from './known-channels.ts';
import { readMatchSpec, type SolverSpec } from './match-spec.ts';
import { openSubdir, type Subdir } from './open-subdir.ts';
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
  /** Where an archive is in the store, if it is. */
  findArchive: (sha256: string) => Promise<string | undefined>;
  /** Takes a file into the store. */
  keep: (file: string) => Promise<{ sha256: string; size: number }>;
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
  const thread = startSolverThread(parts.signal);
  try {
    const task = { request, specs, channels, only, places, parts };
    const collected = withSubdirs(await collectUndamaged(task), specs);
    const chosen = await ask(thread, collected, task);
    const packages = await inParallel(
      chosen,
      parallel,
      async ({ record, channel }) => await toPackage(record, channel, parts),
    );
    return { channels: channels.map(({ url }) => url), packages };
  } finally {
    await thread.close();
  }
}

interface SolveTask {
  request: CondaSolveRequest;
  specs: readonly SolverSpec[];
  channels: readonly Channel[];
  /** Name → the addresses of the only channels that count for it. */
  only: ReadonlyMap<string, ReadonlySet<string>>;
  places: ChannelPlaces;
  parts: CondaSolverParts;
}

/** What is damaged of the cache is dropped by whoever finds it, and there is nothing that could not be fetched again. */
async function collectUndamaged(task: SolveTask): Promise<Collected> {
  for (let left = 2 * task.channels.length; ; left -= 1) {
    try {
      return await collect(task);
    } catch (error) {
      if (left === 0 || !isAppError(error, 'CORRUPT_STORE')) throw error;
    }
  }
}

async function collect({ request, specs, channels, only, parts }: SolveTask): Promise<Collected> {
  const names = channels.map(({ name }) => name).join(', ');
  const collected = await step(
    parts.emit,
    `Reading the ${channels.length === 1 ? 'channel' : 'channels'} ${names}`,
    async (current) => {
      let bytes = 0;
      const onBytes = (count: number): void => {
        bytes += count;
        current.progress(bytes);
      };
      const open = await openChannels(channels, { request, parts, onBytes });
      try {
        const found = await collectRecords(
          open,
          specs.map(({ name }) => name),
          { only, onNames: (count) => current.progress(bytes, undefined, `${count} names`) },
        );
        const count = found.channels.reduce((sum, { records }) => sum + records.length, 0);
        current.finish(bytes === 0 ? 'cached' : 'done', `${count} records`);
        return found;
      } finally {
        await Promise.all(open.flatMap(({ subdirs }) => subdirs.map(async (subdir) => await subdir.close())));
      }
    },
    { unit: 'bytes' },
  );
  warnOfOdd(collected, parts.emit);
  return collected;
}

interface Chosen {
  record: RepodataRecord;
  channel: Channel;
}

async function ask(thread: SolverThread, collected: Collected, task: SolveTask): Promise<Chosen[]> {
  const { request, specs, channels, places, parts } = task;
  const { platform } = request;
  const positions = new Map(channels.map(({ url }, index) => [url, index]));
  return await step(parts.emit, `Solving for ${platform}`, async (current) => {
    const answer = await thread.solve(
      solverInput({
        specs: specs.map(({ text }) => text),
        platform,
        channels: collected.channels,
        virtualPackages: request.virtualPackages,
        locked: new Set(request.locked.map(({ url }) => url)),
        channelsOf: (text) => resolveChannel(text, places).flatMap(({ url }) => positions.get(url) ?? []),
      }),
    );
    if (answer.kind !== 'solved') throw explainFailure(answer, { request, specs, channels, collected });
    const byAddress = new Map(
      collected.channels.flatMap(({ channel, records }, index) =>
        records.map((record) => [addressInSolver(index, record), { record, channel }] as const),
      ),
    );
    const chosen = answer.urls
      .filter((url) => !isVirtual(url))
      .map((url) => {
        const found = byAddress.get(url);
        if (found === undefined) throw new Error(`the solver answered ${url}, which it was not asked about`);
        return found;
      });
    current.finish('done', formatCount(chosen.length, 'package'));
    return chosen;
  });
}

function addressInSolver(index: number, { subdir, filename }: RepodataRecord): string {
  return new URL(`${solverAddress(index)}/${subdir}/${filename}`).href;
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

async function openChannels(
  channels: readonly Channel[],
  {
    request: { platform, refresh },
    parts,
    onBytes,
  }: { request: CondaSolveRequest; parts: CondaSolverParts; onBytes: (count: number) => void },
): Promise<OpenChannel[]> {
  const { http, storeRoot, offline, signal } = parts;
  const tools = { http, storeRoot, offline, signal, onBytes, refresh };
  const opened: Subdir[] = [];
  const open = async (channel: Channel): Promise<OpenChannel> => {
    const wanted = [platform, 'noarch'].filter((subdir) => channel.subdirs?.includes(subdir) ?? true);
    const subdirs = await inParallel(wanted, wanted.length, async (subdir) => {
      const found = await openSubdir(channel, subdir, tools);
      if (found !== undefined) opened.push(found);
      return found;
    });
    const there = subdirs.filter((subdir) => subdir !== undefined);
    if (there.length > 0 || wanted.length === 0) return { channel, subdirs: there };
    throw new AppError('HTTP_ERROR', `there is no channel \`${channel.name}\` at \`${channel.url}\``, {
      hint: `Neither \`${wanted.join('` nor `')}\` is there. Is the name right? Some servers answer like this without a login.`,
      details: { channel: channel.url, status: 404 },
    });
  };
  try {
    return await inParallel(channels, channels.length, open);
  } catch (error) {
    await Promise.all(opened.map(async (subdir) => await subdir.close()));
    throw error;
  }
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
