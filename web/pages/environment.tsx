import type { JSX } from 'preact';
import { useLocation, useRoute } from 'preact-iso';
import { call, callWithTag, queryText, versionPath } from '../api/client.ts';
import { mayAct } from '../api/session.ts';
import type { Environment, Page, Version } from '../api/types.ts';
import { useData } from '../api/use-data.ts';
import { usePages } from '../api/use-pages.ts';
import { plural } from '../parts/format.ts';
import { Category, Copy, Tabs, Time } from '../parts/small.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { useAction } from '../parts/use-action.tsx';
import { useTitle } from '../parts/use-title.ts';
import { DefinitionTab } from './environment/definition-tab.tsx';
import { HeaderEditor } from './environment/header-editor.tsx';
import { ImageTab } from './environment/image-tab.tsx';
import { PackagesTab } from './environment/packages-tab.tsx';
import { UsesTab } from './environment/uses-tab.tsx';

const tabs = [
  { id: 'definition', title: 'Definition' },
  { id: 'packages', title: 'Packages' },
  { id: 'image', title: 'Image' },
  { id: 'uses', title: 'Runs and models' },
];

/** One environment: its versions on a line, and what the chosen one holds. */
export function EnvironmentPage(): JSX.Element {
  const { name = '' } = useRoute().params;
  const { query } = useLocation();
  const { version: chosen, tab = 'definition' } = query;
  useTitle(name);
  const path = `/environments/${encodeURIComponent(name)}`;
  const environment = useData(path, (signal) => call<Environment>(path, { signal }));
  const versions = usePages(`${path}/versions`, (cursor, signal) =>
    call<Page<Version>>(`${path}/versions${queryText({ cursor, limit: 50, archived: 'all' })}`, { signal }),
  );
  const shown = chosen ?? environment.data?.latestVersion ?? undefined;
  const version = useData(shown === undefined ? undefined : `${name}:${shown}`, (signal) =>
    callWithTag<Version>(versionPath(name, shown ?? ''), { signal }),
  );
  const reload = (): void => {
    environment.reload();
    versions.reload();
    version.reload();
  };
  const archive = useAction(async (what: string) => {
    await call(what, { method: 'POST' });
    reload();
  });
  if (environment.problem !== undefined) return <Failure problem={environment.problem} onRetry={environment.reload} />;
  if (environment.data === undefined) return <Loading lines={8} />;
  const { archived, category, versions: count } = environment.data;
  const hrefOf = (changes: Record<string, string>): string =>
    `${path}${queryText({ version: chosen, tab: tab === 'definition' ? undefined : tab, ...changes })}`;
  const current = version.data?.data;
  const verb = current?.archived === true ? 'restore' : 'archive';
  const isSingle = count > 1 && !archived;
  return (
    <section class="page">
      <header class="page-head">
        <p class="crumbs">
          <a href="/environments">Environments</a>
        </p>
        <div class="title-line">
          <h1 title={name}>{name}</h1>
          <Category of={category} />
          {archived && <span class="badge">archived</span>}
        </div>
        <div class="actions">
          {shown !== undefined && (
            <a class="button" href={`/create${queryText({ from: `${name}:${shown}` })}`}>
              {mayAct('contributor') && category !== 'curated' ? 'Change' : 'Start from this'}
            </a>
          )}
          {shown !== undefined && (versions.isComplete || versions.items.length > 0) && (
            <a
              class="button"
              href={`/compare${queryText({ from: previous(versions.items, shown, name), to: `${name}:${shown}` })}`}
            >
              Compare
            </a>
          )}
          {mayAct('contributor') && category !== 'curated' && current !== undefined && (
            <button
              type="button"
              disabled={archive.isGoing}
              onClick={() =>
                archive.start(
                  isSingle
                    ? `${versionPath(name, current.version)}/${verb}`
                    : `${path}/${archived ? 'restore' : 'archive'}`,
                )
              }
            >
              {isSingle
                ? `${verb === 'archive' ? 'Archive' : 'Restore'} version ${current.version}`
                : archived
                  ? 'Restore'
                  : 'Archive'}
            </button>
          )}
        </div>
      </header>
      {archive.message}
      <div class="split">
        <aside class="time-line" aria-label="Versions">
          <h2>{plural(count, 'version')}</h2>
          <ol>
            {versions.items.map((each) => (
              <li key={each.version} class={each.archived ? 'archived' : ''}>
                <a
                  href={`${path}${queryText({ version: each.version, tab: tab === 'definition' ? undefined : tab })}`}
                  aria-current={each.version === shown ? 'true' : undefined}
                >
                  <code>{each.version}</code>
                  <span class="muted">
                    <Time of={each.createdAt} /> · {each.createdBy}
                  </span>
                  {each.archived && <span class="badge">archived</span>}
                </a>
              </li>
            ))}
          </ol>
          {!versions.isComplete && (
            <button type="button" class="link" disabled={versions.isLoading} onClick={versions.more}>
              Older versions
            </button>
          )}
          {versions.problem !== undefined && <Failure problem={versions.problem} onRetry={versions.reload} />}
        </aside>
        <div class="split-main">
          {version.problem !== undefined && <Failure problem={version.problem} onRetry={version.reload} />}
          {version.data === undefined && version.problem === undefined && <Loading lines={8} />}
          {version.data !== undefined && current !== undefined && (
            <>
              <HeaderEditor
                key={`${name}:${current.version}`}
                version={current}
                etag={version.data.etag}
                onChange={(next) => {
                  version.replace(next);
                  versions.reload();
                }}
              />
              <dl class="facts">
                <div>
                  <dt>Reference</dt>
                  <dd>
                    <Copy text={`${name}:${current.version}`} label="reference" />
                  </dd>
                </div>
                <div>
                  <dt>Fingerprint</dt>
                  <dd>
                    <Copy text={current.fingerprint} label="fingerprint">
                      {current.fingerprint.slice(0, 16)}
                    </Copy>
                  </dd>
                </div>
                <div>
                  <dt>Registered</dt>
                  <dd>
                    <Time of={current.createdAt} /> by {current.createdBy}
                  </dd>
                </div>
              </dl>
              <Tabs label="About this version" tabs={tabs} current={tab} hrefOf={(id) => hrefOf({ tab: id })} />
              {tab === 'definition' && <DefinitionTab version={current} />}
              {tab === 'packages' && <PackagesTab version={current} />}
              {tab === 'image' && <ImageTab version={current} />}
              {tab === 'uses' && <UsesTab version={current} />}
            </>
          )}
        </div>
      </div>
    </section>
  );
}

/** The version before the one that is shown. */
function previous(versions: readonly Version[], shown: string, name: string): string | undefined {
  const at = versions.findIndex(({ version }) => version === shown);
  const before = versions[at + 1];
  return before === undefined ? undefined : `${name}:${before.version}`;
}
