import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { call, queryText, versionPath } from '../../api/client.ts';
import { mayAct } from '../../api/session.ts';
import type { Licenses, LockAnswer, LockedPackage, LockList, Version } from '../../api/types.ts';
import { useData } from '../../api/use-data.ts';
import { bytes, plural, shortDigest } from '../../parts/format.ts';
import { Copy } from '../../parts/small.tsx';
import { Empty, Failure, Loading } from '../../parts/states.tsx';
import { useAction } from '../../parts/use-action.tsx';
import { VirtualList } from '../../parts/virtual-list.tsx';
import { whyThere } from '../../parts/why-there.ts';

/** The lock: every package, where it is from, how large it is, and why it is there. */
export function PackagesTab({ version }: { version: Version }): JSX.Element {
  const path = `${versionPath(version.name, version.version)}/locks`;
  const { query } = useLocation();
  const locks = useData(path, (signal) => call<LockList>(path, { signal }));
  const platform = query.platform ?? locks.data?.items[0]?.platform;
  const lock = useData(platform === undefined ? undefined : `${path}/${platform}`, (signal) =>
    call<LockAnswer>(`${path}/${platform ?? ''}`, { signal }),
  );
  const licenses = useData(lock.data === undefined ? undefined : `${path}/${platform}/licenses`, (signal) =>
    call<Licenses>(`${path}/${platform ?? ''}/licenses`, { signal }),
  );
  const make = useAction(async () => {
    await call(`${path}/${version.definition.platforms[0] ?? 'linux-64'}`, { method: 'POST' });
    locks.reload();
  });
  if (locks.problem !== undefined) return <Failure problem={locks.problem} onRetry={locks.reload} />;
  if (locks.data === undefined) return <Loading lines={8} />;
  if (locks.data.items.length === 0)
    return (
      <Empty title="Not locked yet">
        <p>
          Its first use resolves it: every package then stands here, with address and digest. Nothing moves after that.
        </p>
        {mayAct('contributor') && (
          <button type="button" class="primary" disabled={make.isGoing} onClick={() => make.start()}>
            {make.isGoing ? 'Resolving …' : 'Lock it now'}
          </button>
        )}
        {make.message}
      </Empty>
    );
  return (
    <>
      {locks.data.items.length > 1 && (
        <nav class="segments" aria-label="Platform">
          {locks.data.items.map((each) => (
            <a
              key={each.platform}
              href={queryText({ version: version.version, tab: 'packages', platform: each.platform })}
              aria-current={each.platform === platform ? 'page' : undefined}
            >
              {each.platform}
            </a>
          ))}
        </nav>
      )}
      {lock.problem !== undefined && <Failure problem={lock.problem} onRetry={lock.reload} />}
      {lock.data === undefined && lock.problem === undefined && <Loading lines={8} />}
      {lock.data !== undefined && <Packages answer={lock.data} licenses={licenses.data?.items ?? []} />}
    </>
  );
}

type Order = 'install' | 'name' | 'size';

function Packages({
  answer: { lock, revision },
  licenses,
}: {
  answer: LockAnswer;
  licenses: Licenses['items'];
}): JSX.Element {
  const [text, setText] = useState('');
  const [order, setOrder] = useState<Order>('name');
  const why = useMemo(() => whyThere(lock.packages), [lock]);
  const licenseOf = useMemo(() => new Map(licenses.map(({ name, license }) => [name, license])), [licenses]);
  const shown = useMemo(() => {
    const found = lock.packages.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
    if (order === 'name') found.sort((a, b) => (a.name < b.name ? -1 : 1));
    if (order === 'size') found.sort((a, b) => b.size - a.size);
    return found;
  }, [lock, text, order]);
  const largest = Math.max(1, ...lock.packages.map(({ size }) => size));
  const total = lock.packages.reduce((sum, { size }) => sum + size, 0);
  return (
    <>
      <dl class="facts">
        <div>
          <dt>Lock</dt>
          <dd>
            revision {revision ?? '–'} ·{' '}
            <Copy text={lock.digest} label="lock digest">
              {shortDigest(lock.digest)}
            </Copy>
          </dd>
        </div>
        <div>
          <dt>Platform</dt>
          <dd>
            {lock.platform}
            {lock.python !== undefined && ` · Python ${lock.python.version} (${lock.python.source})`}
          </dd>
        </div>
        <div>
          <dt>Content</dt>
          <dd>
            {plural(lock.packages.length, 'package')}, {bytes(total)} to fetch
          </dd>
        </div>
      </dl>
      <div class="filters">
        <input
          type="search"
          class="search"
          placeholder="Filter packages   /"
          aria-label="Filter packages"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <label class="field">
          Sort by
          <select value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
            <option value="name">name</option>
            <option value="size">size</option>
            <option value="install">install order</option>
          </select>
        </label>
      </div>
      <div class="package-row row-head" aria-hidden="true">
        <span>Package</span>
        <span>Version</span>
        <span>Size</span>
        <span>From</span>
        <span>Why it is there</span>
      </div>
      <VirtualList
        class="packages"
        count={shown.length}
        rowHeight={38}
        label="Packages"
        row={(index) => {
          const each = shown[index];
          if (each === undefined) return null;
          const license = licenseOf.get(each.name) ?? null;
          return <PackageRow of={each} license={license} largest={largest} why={why.get(each.name) ?? []} />;
        }}
      />
      {shown.length === 0 && <Empty title="No package has that in its name" />}
    </>
  );
}

function PackageRow({
  of,
  license,
  largest,
  why,
}: {
  of: LockedPackage;
  license: string | null;
  largest: number;
  why: readonly string[];
}): JSX.Element {
  return (
    <div class="package-row">
      <span class="cell-name" title={of.filename}>
        {of.name}
      </span>
      <span>
        <code title={of.kind === 'conda' ? `${of.version} ${of.build}` : of.version}>{of.version}</code>
      </span>
      <span class="cell-size">
        <span class="number">{bytes(of.size)}</span>
        <meter min={0} max={largest} value={of.size} aria-hidden="true" />
      </span>
      <span class="clip muted" title={license === null ? sourceOf(of) : `${sourceOf(of)}\n${license}`}>
        {of.kind === 'conda' ? of.channel : channelOf(of)}
        {license !== null && ` · ${license}`}
      </span>
      <span class="clip why" title={why.join(' → ')}>
        {of.requested ? (
          <span class="badge requested">requested</span>
        ) : (
          <span class="muted">{why.slice(0, -1).join(' → ')}</span>
        )}
      </span>
    </div>
  );
}

function channelOf(of: Extract<LockedPackage, { kind: 'pypi' }>): string {
  if (of.builtFrom !== undefined) return `built from ${of.builtFrom.kind}`;
  if (of.local !== undefined) return `beside the definition`;
  return of.index ?? 'PyPI';
}

function sourceOf(of: LockedPackage): string {
  return `${of.url ?? of.filename}\nsha256 ${of.sha256}`;
}
