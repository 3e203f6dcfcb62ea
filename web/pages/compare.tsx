import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { call, queryText, versionPath } from '../api/client.ts';
import type { Diff, Environment, ImageList, Page, PlatformImage, Sources } from '../api/types.ts';
import { useData } from '../api/use-data.ts';
import { bytes, plural, shortDigest } from '../parts/format.ts';
import { PackageChanges } from '../parts/package-changes.tsx';
import { SideBySide } from '../parts/side-by-side.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { useTitle } from '../parts/use-title.ts';
import { WithCode } from '../parts/with-code.tsx';

/** Two versions, of one environment or of two: definitions, packages, and what a node would pull. */
export function Compare(): JSX.Element {
  useTitle('Compare');
  const { query, route } = useLocation();
  const { from = '', to = '' } = query;
  const [left, setLeft] = useState(from);
  const [right, setRight] = useState(to);
  useEffect(() => {
    setLeft(from);
    setRight(to);
  }, [from, to]);
  const names = useData('names', (signal) => call<Page<Environment>>('/environments?limit=1000', { signal }));
  const isComplete = from !== '' && to !== '';
  return (
    <section class="page">
      <header class="page-head">
        <p class="crumbs">
          <a href="/environments">Environments</a>
        </p>
        <h1>Compare versions</h1>
      </header>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          route(`/compare${queryText({ from: left.trim(), to: right.trim() })}`);
        }}
      >
        <label class="field">
          From{' '}
          <input
            required
            list="references"
            value={left}
            placeholder="iris:1"
            onInput={(event) => setLeft(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          to{' '}
          <input
            required
            list="references"
            value={right}
            placeholder="iris:2"
            onInput={(event) => setRight(event.currentTarget.value)}
          />
        </label>
        <datalist id="references">
          {(names.data?.items ?? []).map(({ name, latestVersion }) => (
            <option key={name} value={`${name}:${latestVersion ?? ''}`} />
          ))}
        </datalist>
        <button type="submit" class="primary">
          Compare
        </button>
        {isComplete && (
          <button type="button" onClick={() => route(`/compare${queryText({ from: to, to: from })}`)}>
            Turn round
          </button>
        )}
      </form>
      {isComplete && <Differences key={`${from} ${to}`} from={from} to={to} />}
    </section>
  );
}

function Differences({ from, to }: { from: string; to: string }): JSX.Element {
  const diff = useData(`diff ${from} ${to}`, (signal) => call<Diff>(`/diff${queryText({ from, to })}`, { signal }));
  const texts = useData(`texts ${from} ${to}`, async (signal) => {
    const read = (reference: string): Promise<Sources> => call(`${pathOf(reference)}/sources`, { signal });
    return await Promise.all([read(from), read(to)]);
  });
  const images = useData(`images ${from} ${to}`, async (signal) => {
    const read = (reference: string): Promise<ImageList> => call(`${pathOf(reference)}/images`, { signal });
    return await Promise.all([read(from), read(to)]);
  });
  if (diff.problem !== undefined) return <Failure problem={diff.problem} onRetry={diff.reload} />;
  if (diff.data === undefined) return <Loading lines={8} />;
  const [before, after] = [images.data?.[0].items[0]?.platforms[0], images.data?.[1].items[0]?.platforms[0]];
  return (
    <>
      <h2>Definition</h2>
      {diff.data.definition.length === 0 ? (
        <p class="muted">It means the same.</p>
      ) : (
        <ul class="changes wide">
          {diff.data.definition.map(({ path, from: old, to: next }) => (
            <li key={path}>
              <strong>{path}</strong>
              {old !== null && old !== undefined && <code class="from">{textOf(old)}</code>}
              {next !== null && next !== undefined && <code class="to">{textOf(next)}</code>}
            </li>
          ))}
        </ul>
      )}
      {texts.data !== undefined && <Texts from={texts.data[0]} to={texts.data[1]} />}
      <h2>Packages</h2>
      {diff.data.notes.map((note) => (
        <p key={note} class="muted">
          <WithCode text={note} />
        </p>
      ))}
      {diff.data.notes.length === 0 && <PackageChanges of={diff.data.packages} />}
      {before !== undefined && after !== undefined && (
        <>
          <h2>Image</h2>
          <Pull from={before} to={after} />
        </>
      )}
    </>
  );
}

function Texts({ from, to }: { from: Sources; to: Sources }): JSX.Element {
  // The definitions stand beside each other, whatever their files are called.
  const paths = [...new Set([...from.slice(1), ...to.slice(1)].map(({ path }) => path))];
  const textIn = (list: Sources, path: string): string => list.slice(1).find((each) => each.path === path)?.text ?? '';
  return (
    <>
      <SideBySide path={to[0]?.path ?? ''} from={from[0]?.text ?? ''} to={to[0]?.text ?? ''} />
      {paths.map((path) => (
        <SideBySide key={path} path={path} from={textIn(from, path)} to={textIn(to, path)} />
      ))}
    </>
  );
}

/** What somebody pulls who has the one image and wants the other. */
function Pull({ from, to }: { from: PlatformImage; to: PlatformImage }): JSX.Element {
  const there = new Set(from.layers.map(({ digest }) => digest));
  const missing = to.layers.filter(({ digest }) => !there.has(digest));
  const size = missing.reduce((sum, layer) => sum + layer.size, 0);
  return (
    <>
      <p>
        A node that has the first pulls <strong>{bytes(size)}</strong> of {bytes(to.size)}:{' '}
        {plural(missing.length, 'layer')} of {to.layers.length}.
      </p>
      <ul class="changes wide">
        {missing.map((layer) => (
          <li key={layer.digest} class="to">
            <code>{shortDigest(layer.digest)}</code>
            <span class="number">{bytes(layer.size)}</span>
            <span class="muted">{layer.packages.length === 0 ? layer.kind : layer.packages.join(', ')}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function pathOf(reference: string): string {
  const at = reference.indexOf(':');
  return at === -1
    ? versionPath(reference.replace(/@latest$/, ''), '@latest')
    : versionPath(reference.slice(0, at), reference.slice(at + 1));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
