import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { diffDefinitions } from '../../src/definition/index.ts';
import { sha256 } from '../../src/schema/index.ts';
import { ApiError, call, queryText, send, versionPath } from '../api/client.ts';
import type { Diff, Environment, Sources, Version } from '../api/types.ts';
import { useData } from '../api/use-data.ts';
import { type Analysis, analyse, bytesOf, type OpenFile } from '../editor/analyse.ts';
import { Editor } from '../editor/editor.tsx';
import { templates } from '../editor/templates.ts';
import { useDrop } from '../editor/use-drop.ts';
import { Findings } from '../parts/findings.tsx';
import { bytes, plural } from '../parts/format.ts';
import { PackageChanges } from '../parts/package-changes.tsx';
import { SideBySide } from '../parts/side-by-side.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { useAction } from '../parts/use-action.tsx';
import { useTitle } from '../parts/use-title.ts';

interface Preview {
  packages: number;
  size: number;
  diff: Diff['packages'] | null;
}

interface Draft {
  files: OpenFile[];
  name: string;
  /** The version that it was to be when it began. */
  next?: string;
}

/** A new environment, or the next version of one: an editor with the rules live, and what changes before it is saved. */
export function Create(): JSX.Element {
  const { query } = useLocation();
  const { from = '' } = query;
  const source = useData(from === '' ? undefined : from, async (signal) => {
    const at = from.indexOf(':');
    const [name, number] = at === -1 ? [from, '@latest'] : [from.slice(0, at), from.slice(at + 1)];
    const path = versionPath(name, number);
    const [version, sources, environment] = await Promise.all([
      call<Version>(path, { signal }),
      call<Sources>(`${path}/sources`, { signal }),
      call<Environment>(`/environments/${encodeURIComponent(name)}`, { signal }),
    ]);
    return { version, sources, environment };
  });
  useTitle(from === '' ? 'New environment' : `Change ${from}`);
  if (source.problem !== undefined) return <Failure problem={source.problem} onRetry={source.reload} />;
  if (from !== '' && source.data === undefined) return <Loading lines={9} />;
  return <Form key={from} from={from} source={source.data} />;
}

interface Source {
  version: Version;
  sources: Sources;
  environment: Environment;
}

function Form({ from, source }: { from: string; source: Source | undefined }): JSX.Element {
  const { route } = useLocation();
  const isChange = source !== undefined && source.version.category !== 'curated';
  const original = useMemo<OpenFile[]>(
    () => (source?.sources ?? []).map(({ path, text }) => ({ path, content: text })),
    [source],
  );
  const kept = `terroir-draft ${from}`;
  const [draft, setDraft] = useState<Draft>(
    () =>
      readDraft(kept) ?? {
        files: original,
        name: isChange ? source.version.name : '',
        next: source?.environment.nextVersion,
      },
  );
  const { files, name, next } = draft;
  const [open, setOpen] = useState(0);
  const [analysis, setAnalysis] = useState<Analysis>({ read: undefined, findings: [] });
  const [before, setBefore] = useState<Analysis | undefined>(undefined);
  /** Counts how often the texts came from elsewhere than the editor. */
  const [beginnings, setBeginnings] = useState(0);
  const change = (changes: Partial<Draft>): void => {
    const now = { ...draft, ...changes };
    setDraft(now);
    keepDraft(kept, now);
  };
  useEffect(() => {
    const timer = setTimeout(() => {
      analyse(files, name).then(setAnalysis, () => undefined);
    }, 150);
    return () => clearTimeout(timer);
  }, [files, name]);
  useEffect(() => {
    if (original.length > 0) analyse(original, '').then(setBefore, () => undefined);
  }, [original]);
  const effective = name === '' ? (analysis.read?.header.name ?? '') : name;
  const preview = useRef<Preview | undefined>(undefined);
  const tried = useAction(async () => {
    preview.current = await call<Preview>('/preview', {
      method: 'POST',
      body: { definition: await upload(files), against: isChange ? from : undefined },
    });
  });
  const save = useAction(async (version: string | undefined) => {
    const definition = await upload(files);
    const body = { definition, name: effective === '' ? undefined : effective, version };
    const made = await call<Version>('/environments', { method: 'POST', body });
    sessionStorage.removeItem(kept);
    route(`/environments/${encodeURIComponent(made.name)}${queryText({ version: made.version })}`);
  });
  const again = useAction(async () => {
    const { nextVersion } = await call<Environment>(`/environments/${encodeURIComponent(effective)}`);
    change({ next: nextVersion });
    save.forget();
  });
  const isOver = useDrop((dropped) => {
    setBeginnings(beginnings + 1);
    const paths = new Set(dropped.map(({ path }) => path));
    change({ files: [...files.filter(({ path }) => !paths.has(path)), ...dropped] });
    if (files.length === 0) setOpen(0);
  });
  const shown = files[open] ?? files[0];
  const changes =
    before?.read !== undefined && analysis.read !== undefined
      ? diffDefinitions(before.read.definition, analysis.read.definition)
      : [];
  const hasErrors = analysis.findings.some(({ severity }) => severity === 'error');
  const wanted = isChange && effective === source.version.name ? next : undefined;
  return (
    <section class={`page create${isOver ? ' over' : ''}`}>
      <header class="page-head">
        <p class="crumbs">
          <a href="/environments">Environments</a>
        </p>
        <h1>{isChange ? `Change ${source.version.name}` : 'New environment'}</h1>
        {from !== '' && <p class="muted">from {from}</p>}
      </header>
      {source === undefined && (
        <div class="filters">
          <span class="muted">Start from</span>
          <div class="segments" role="group" aria-label="Start from">
            {templates.map((template) => (
              <button
                key={template.title}
                type="button"
                onClick={() => {
                  setOpen(0);
                  setBeginnings(beginnings + 1);
                  change({ files: template.files.map((file) => ({ ...file })) });
                }}
              >
                {template.title}
              </button>
            ))}
          </div>
          <Existing />
        </div>
      )}
      {files.length === 0 ? (
        <div class="state drop">
          <p class="state-title">Choose where to start, or drop files here</p>
          <p class="muted">
            An environment.yml, a conda file, requirements, a Dockerfile, or the folder of a build context.
          </p>
        </div>
      ) : (
        <div class="create-columns">
          <div>
            <label class="field-block">
              <span>Name</span>
              <input
                value={name}
                readOnly={isChange}
                placeholder={analysis.read?.header.name ?? 'letters, digits, -, _ and .'}
                onInput={(event) => change({ name: event.currentTarget.value })}
              />
            </label>
            <div class="tabs" role="group" aria-label="Files">
              {files.map(({ path }, index) => (
                <button
                  key={path}
                  type="button"
                  class="tab"
                  aria-pressed={index === open}
                  onClick={() => setOpen(index)}
                >
                  {path}
                </button>
              ))}
            </div>
            <div class="file">
              {shown !== undefined && typeof shown.content === 'string' ? (
                <Editor
                  key={`${shown.path} ${beginnings}`}
                  path={shown.path}
                  text={shown.content}
                  findings={analysis.findings}
                  onChange={(content) =>
                    change({ files: files.map((file) => (file.path === shown.path ? { ...file, content } : file)) })
                  }
                />
              ) : (
                <p class="binary muted">
                  {bytes(shown?.content.length ?? 0)} that are no text; they are sent as they are.
                </p>
              )}
            </div>
          </div>
          <aside aria-label="Analysis">
            <h2>Analysis</h2>
            <Findings of={analysis.findings.map((finding) => ({ ...finding }))} />
          </aside>
        </div>
      )}
      {source !== undefined && (
        <>
          <h2>What changes</h2>
          {changes.length === 0 ? (
            <p class="muted">Nothing that means something.</p>
          ) : (
            <SideBySide path={files[0]?.path ?? ''} from={textOf(original[0])} to={textOf(files[0])} />
          )}
        </>
      )}
      {preview.current !== undefined && (
        <>
          <h2>Packages</h2>
          <p>
            {plural(preview.current.packages, 'package')}, {bytes(preview.current.size)} to fetch.
          </p>
          {preview.current.diff !== null && <PackageChanges of={preview.current.diff} />}
        </>
      )}
      {tried.message}
      {save.problem?.code === 'VERSION_EXISTS' ? (
        <div class="state failure" role="alert">
          <p class="state-title">
            Somebody registered {effective}:{wanted} meanwhile
          </p>
          <p>
            Nothing of yours is lost. Look at what theirs changed, then save yours after it, or take theirs up first.
          </p>
          <p class="actions">
            <a class="button" href={`/compare${queryText({ from, to: `${effective}:${wanted ?? ''}` })}`}>
              See theirs
            </a>
            <button type="button" onClick={() => again.start()}>
              Save mine after it
            </button>
          </p>
        </div>
      ) : (
        save.message
      )}
      {files.length > 0 && (
        <div class="actions create-actions">
          <button
            type="button"
            class="primary"
            disabled={save.isGoing || analysis.read === undefined}
            onClick={() => save.start(wanted)}
          >
            {save.isGoing ? 'Saving …' : `Save${wanted === undefined ? '' : ` as version ${wanted}`}`}
          </button>
          <button type="button" disabled={tried.isGoing || analysis.read === undefined} onClick={() => tried.start()}>
            {tried.isGoing ? 'Resolving …' : 'Try to resolve it'}
          </button>
          {hasErrors && <p class="problem">The rules found errors.</p>}
        </div>
      )}
    </section>
  );
}

function Existing(): JSX.Element {
  const { route } = useLocation();
  const [text, setText] = useState('');
  return (
    <form
      class="field"
      onSubmit={(event) => {
        event.preventDefault();
        route(`/create${queryText({ from: text.trim() })}`);
      }}
    >
      <label class="field">
        or an environment
        <input required placeholder="iris:2" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <button type="submit">Open</button>
    </form>
  );
}

/** As the API takes it: texts in the request, everything else by digest. */
async function upload(files: readonly OpenFile[]): Promise<object> {
  const [main] = files;
  // The definition too: it may stand in the build context that it describes.
  const beside: Record<string, object> = {};
  for (const { path, content } of files) {
    if (typeof content === 'string') {
      beside[path] = { text: content };
      continue;
    }
    const digest = sha256(content);
    await send(`/blobs/${digest}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: content as Uint8Array<ArrayBuffer>,
    });
    beside[path] = { digest };
  }
  if (main === undefined || typeof main.content !== 'string')
    throw new ApiError({
      type: 'about:blank',
      title: 'the definition must be text',
      status: 0,
      code: 'INVALID_DEFINITION',
    });
  return { text: main.content, path: main.path, files: beside };
}

function textOf(file: OpenFile | undefined): string {
  return file === undefined ? '' : new TextDecoder().decode(bytesOf(file.content));
}

/** What was typed outlives a reload and the end of a session. Bytes do not. */
function keepDraft(key: string, { files, ...draft }: Draft): void {
  const texts = files.filter(({ content }) => typeof content === 'string');
  try {
    sessionStorage.setItem(key, JSON.stringify({ ...draft, files: texts }));
  } catch {
    // More than the browser keeps: the page itself still has it.
  }
}

function readDraft(key: string): Draft | undefined {
  const text = sessionStorage.getItem(key);
  return text === null ? undefined : (JSON.parse(text) as Draft);
}
