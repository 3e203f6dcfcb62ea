import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { callWithTag, versionPath } from '../../api/client.ts';
import { mayAct } from '../../api/session.ts';
import type { Version } from '../../api/types.ts';
import { Tags } from '../../parts/small.tsx';
import { useAction } from '../../parts/use-action.tsx';

interface Tagged {
  data: Version;
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
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const [tag, setTag] = useState('');
  const path = versionPath(name, number);
  const save = useAction(async (change: Change) => {
    onChange(await callWithTag<Version>(path, { method: 'PATCH', body: change, headers: { 'if-match': etag ?? '*' } }));
    setDraft(undefined);
    setTag('');
  });
  const refresh = useAction(async () => {
    onChange(await callWithTag<Version>(path));
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
    const [key = '', ...rest] = tag.split('=');
    if (key.trim() !== '') save.start({ tags: { [key.trim()]: rest.join('=').trim() } });
  };
  return (
    <div class="header-editor">
      {draft === undefined ? (
        <button type="button" class="description in-place" onClick={() => setDraft(description ?? '')}>
          {description ?? <span class="muted">Add a description</span>}
          <span class="hidden"> Change the description</span>
        </button>
      ) : (
        <form
          class="description-form"
          onSubmit={(event) => {
            event.preventDefault();
            save.start({ description: draft.trim() === '' ? null : draft });
          }}
        >
          <textarea
            aria-label="Description"
            rows={3}
            autoFocus
            value={draft}
            onInput={(event) => setDraft(event.currentTarget.value)}
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
            onClick={() => save.start({ tags: { [key]: null } })}
          >
            {value === '' ? key : `${key}=${value}`} <span aria-hidden="true">×</span>
          </button>
        ))}
        <input
          class="tag-input"
          placeholder="+ key=value"
          aria-label="Add a tag"
          value={tag}
          onInput={(event) => setTag(event.currentTarget.value)}
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
      {draft !== undefined && draft !== (description ?? '') && (
        <p class="muted">
          Saved now: <q>{description ?? ''}</q>
        </p>
      )}
    </div>
  );
}
