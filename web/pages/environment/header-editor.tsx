import type { JSX } from 'preact';
import { callWithTag, versionPath } from '../../api/client.ts';
import { mayAct } from '../../api/session.ts';
import type { Version } from '../../api/types.ts';
import { Tags } from '../../parts/small.tsx';
import { useAction } from '../../parts/use-action.tsx';
import { useKept } from '../../parts/use-kept.ts';

interface Tagged {
  data: Version;
  etag: string | null;
}

/** Text that was typed, and what the version was then. */
interface Draft {
  text: string;
  etag: string | null;
}

interface Change {
  description?: string | null;
  tags?: Record<string, string | null>;
}

/** Description and tags, changed where they stand. Who changes what somebody else has changed meanwhile is told, and keeps their text. */
export function HeaderEditor({
  version,
  etag,
  onChange,
}: {
  version: Version;
  etag: string | null;
  onChange(next: Tagged): void;
}): JSX.Element {
  const { name, version: number, description, tags } = version;
  const [draft, setDraft] = useKept<Draft>(`description ${name}:${number}`);
  const [tag = { text: '', etag }, setTag] = useKept<Draft>(`tag ${name}:${number}`);
  const path = versionPath(name, number);
  /** What is typed is typed with this in view, unless it began on what is neither this nor what was `seen`. */
  const show = (next: Tagged, seen?: string | null): void => {
    const follows = (typed: Draft): boolean => seen === undefined || typed.etag === seen;
    if (draft !== undefined && follows(draft)) setDraft({ ...draft, etag: next.etag });
    if (tag.text !== '' && follows(tag)) setTag({ ...tag, etag: next.etag });
    onChange(next);
  };
  const save = useAction(async ({ seen, forget, ...body }: Change & { seen: string | null; forget?(): void }) => {
    const next = await callWithTag<Version>(path, { method: 'PATCH', body, headers: { 'if-match': seen ?? '*' } });
    show(next, seen);
    forget?.();
  });
  const refresh = useAction(async () => {
    show(await callWithTag<Version>(path));
    save.forget();
  });
  if (!mayAct('contributor') || version.category === 'curated')
    return (
      <div class="header-editor">
        {description !== null && <p class="description">{description}</p>}
        <Tags of={tags} />
      </div>
    );
  const addTag = (event: Event): void => {
    event.preventDefault();
    const [key = '', ...rest] = tag.text.split('=');
    if (key.trim() === '') return;
    save.start({ tags: { [key.trim()]: rest.join('=').trim() }, seen: tag.etag, forget: () => setTag(undefined) });
  };
  return (
    <div class="header-editor">
      {draft === undefined ? (
        <button type="button" class="description in-place" onClick={() => setDraft({ text: description ?? '', etag })}>
          {description ?? <span class="muted">Add a description</span>}
          <span class="hidden"> Change the description</span>
        </button>
      ) : (
        <form
          class="description-form"
          onSubmit={(event) => {
            event.preventDefault();
            save.start({
              description: draft.text.trim() === '' ? null : draft.text,
              seen: draft.etag,
              forget: () => setDraft(undefined),
            });
          }}
        >
          <textarea
            aria-label="Description"
            rows={3}
            autoFocus
            value={draft.text}
            onInput={(event) => setDraft({ ...draft, text: event.currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key === 'Escape') setDraft(undefined);
            }}
          />
          <button type="submit" class="primary" disabled={save.isGoing}>
            Save
          </button>
          <button type="button" onClick={() => setDraft(undefined)}>
            Leave as it is
          </button>
        </form>
      )}
      <form class="tags" onSubmit={addTag}>
        {Object.entries(tags).map(([key, value]) => (
          <button
            key={key}
            type="button"
            class="tag removable"
            aria-label={`${value === '' ? key : `${key}=${value}`}: remove the tag ${key}`}
            disabled={save.isGoing}
            onClick={() => save.start({ tags: { [key]: null }, seen: etag })}
          >
            {value === '' ? key : `${key}=${value}`} <span aria-hidden="true">×</span>
          </button>
        ))}
        <input
          class="tag-input"
          placeholder="+ key=value"
          aria-label="Add a tag"
          value={tag.text}
          onInput={(event) => {
            const text = event.currentTarget.value;
            setTag(text === '' ? undefined : { ...tag, text });
          }}
        />
      </form>
      {save.problem?.code === 'PRECONDITION_FAILED' ? (
        <div class="state failure" role="alert">
          <p class="state-title">Somebody changed this version meanwhile</p>
          <p>Your text is still here. See what it is now, then save yours.</p>
          <button type="button" onClick={() => refresh.start()}>
            Show what it is now
          </button>
        </div>
      ) : (
        save.message
      )}
      {draft !== undefined && draft.text !== (description ?? '') && (
        <p class="muted">
          Saved now: <q>{description ?? ''}</q>
        </p>
      )}
    </div>
  );
}
