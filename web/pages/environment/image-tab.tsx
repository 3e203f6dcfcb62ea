import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { lazy } from 'preact-iso';
import { call, queryText, versionPath } from '../../api/client.ts';
import { mayAct } from '../../api/session.ts';
import type {
  BuildRecord,
  ImageList,
  ImageRevision,
  LockAnswer,
  Page,
  PlatformImage,
  SharedLayers,
  Version,
} from '../../api/types.ts';
import { useData } from '../../api/use-data.ts';
import { BuildFailure } from '../../parts/build-failure.tsx';
import { bytes, plural, shortDigest } from '../../parts/format.ts';
import { Source } from '../../parts/highlight.tsx';
import { Rebuild } from '../../parts/rebuild.tsx';
import { Copy, Status, Time } from '../../parts/small.tsx';
import { Empty, Failure, Loading } from '../../parts/states.tsx';
import { useAction } from '../../parts/use-action.tsx';

const BuildSteps = lazy(async () => (await import('../../parts/build-steps.tsx')).BuildSteps);
const LayerMap = lazy(async () => (await import('../../parts/layer-map.tsx')).LayerMap);

/** The image of a version: what it was made of, and where its bytes are. */
export function ImageTab({ version }: { version: Version }): JSX.Element {
  const path = `${versionPath(version.name, version.version)}/images`;
  const images = useData(path, (signal) => call<ImageList>(path, { signal }));
  const reference = `${version.name}:${version.version}`;
  const builds = useData(`builds ${reference}`, (signal) =>
    call<Page<BuildRecord>>(`/builds${queryText({ environment: reference, limit: 1 })}`, { signal }),
  );
  const build = useAction(async (rebuild: boolean) => {
    const begun = await call<BuildRecord>('/builds', { method: 'POST', body: { environment: reference, rebuild } });
    builds.replace({ items: [begun], next: null });
  });
  const last = builds.data?.items[0];
  const isGoing = build.isGoing || last?.endedAt === null;
  // Here, because what shows it is another one before and after there is an image.
  const watched = useRef<string | undefined>(undefined);
  if (last?.endedAt === null) watched.current = last.id;
  const progress = last !== undefined && (
    <LastBuild
      key={last.id}
      of={last}
      wasSeen={watched.current === last.id}
      since={images.data?.items[0]?.createdAt}
      onEnd={() => {
        setNumber(undefined);
        images.reload();
        builds.reload();
      }}
    />
  );
  const [chosen, setChosen] = useState(0);
  const [number, setNumber] = useState<number | undefined>(undefined);
  if (images.problem !== undefined) return <Failure problem={images.problem} onRetry={images.reload} />;
  if (images.data === undefined) return <Loading lines={8} />;
  const { items } = images.data;
  const revision = items.find((each) => each.revision === number) ?? items[0];
  const image = revision?.platforms[chosen] ?? revision?.platforms[0];
  if (revision === undefined || image === undefined)
    return (
      <Empty title="No image yet">
        <p>A build takes seconds: packages become layers, nothing runs.</p>
        {mayAct('contributor') && (
          <button type="button" class="primary" disabled={isGoing} onClick={() => build.start(false)}>
            Build
          </button>
        )}
        <Copy text={`terroir env build ${reference}`} label="build command" />
        {build.message}
        {progress}
      </Empty>
    );
  return (
    <>
      <div class="filters">
        <label class="field">
          Revision
          <select value={revision.revision} onChange={(event) => setNumber(Number(event.currentTarget.value))}>
            {items.map((each) => (
              <option key={each.revision} value={each.revision}>
                {each.revision}
              </option>
            ))}
          </select>
        </label>
        {revision.platforms.length > 1 && (
          <label class="field">
            Platform
            <select value={chosen} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
              {revision.platforms.map(({ platform }, index) => (
                <option key={platform} value={index}>
                  {platform}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <Facts revision={revision} image={image} />
      {mayAct('contributor') && (
        <div class="actions">
          <Rebuild isGoing={isGoing} onStart={() => build.start(true)} />
          <a class="button" href={`/builds${queryText({ environment: reference })}`}>
            Its builds
          </a>
        </div>
      )}
      {build.message}
      {progress}
      <h2>Layers</h2>
      <Layers key={image.digest} version={version} revision={revision.revision} image={image} />
      <h2>As a Dockerfile</h2>
      <figure class="file">
        <figcaption>Dockerfile that would say the same</figcaption>
        <Source path="Dockerfile" text={image.dockerfile} />
      </figure>
    </>
  );
}

/** The last build, while it goes on and as it ended under the reader's eyes; and if it failed since the image was made. */
function LastBuild({
  of,
  wasSeen,
  since = '',
  onEnd,
}: {
  of: BuildRecord;
  wasSeen: boolean;
  since: string | undefined;
  onEnd(): void;
}): JSX.Element | null {
  if (!wasSeen && (of.status !== 'Failed' || of.createdAt < since)) return null;
  return (
    <section class="last-build" aria-label="The last build">
      <p>
        <Status of={of.status} /> <a href={`/builds/${of.id}`}>The last build</a>, <Time of={of.createdAt} /> by{' '}
        {of.createdBy}
        {of.images?.[0] !== undefined && `. Revision ${of.images[0].revision} came out of it.`}
      </p>
      {of.error !== null && of.status === 'Failed' && <BuildFailure error={of.error} />}
      {wasSeen && <BuildSteps build={of.id} onEnd={onEnd} />}
    </section>
  );
}

function Layers({
  version: { name, version },
  revision,
  image: { platform, layers, lockRevision },
}: {
  version: Version;
  revision: number;
  image: PlatformImage;
}): JSX.Element {
  const path = `${versionPath(name, version)}/image/shared${queryText({ platform, revision })}`;
  const shared = useData(path, (signal) => call<SharedLayers>(path, { signal }));
  const lockPath =
    lockRevision === null
      ? undefined
      : `${versionPath(name, version)}/locks/${platform}${queryText({ revision: lockRevision })}`;
  const answer = useData(lockPath, (signal) => call<LockAnswer>(lockPath ?? '', { signal }));
  const sizes = useMemo(
    () => new Map(answer.data?.lock.packages.map((each) => [`${each.name} ${each.version}`, each.size])),
    [answer.data],
  );
  return <LayerMap layers={layers} sizes={sizes} shared={shared.data?.items} />;
}

function Facts({ revision, image }: { revision: ImageRevision; image: PlatformImage }): JSX.Element {
  const repository = `${location.host}/terroir/env_${revision.fingerprint.slice(0, 32)}`;
  return (
    <dl class="facts">
      <div>
        <dt>Digest</dt>
        <dd>
          <Copy text={image.digest} label="digest">
            {shortDigest(image.digest)}
          </Copy>
        </dd>
      </div>
      <div>
        <dt>Base</dt>
        <dd>{describeBase(image)}</dd>
      </div>
      {image.images.length > 0 && (
        <div>
          <dt>Also from</dt>
          <dd>{image.images.map(({ reference, digest }) => `${reference} · ${shortDigest(digest)}`).join(', ')}</dd>
        </div>
      )}
      <div>
        <dt>Size</dt>
        <dd>
          {bytes(image.size)} in {plural(image.layers.length, 'layer')}
        </dd>
      </div>
      <div>
        <dt>Lock</dt>
        <dd>{image.lockRevision === null ? 'none' : `revision ${image.lockRevision}`}</dd>
      </div>
      <div>
        <dt>{revision.origin === 'global' ? 'Taken from the global registry' : 'Built here'}</dt>
        <dd>
          <Time of={revision.createdAt} /> by {revision.createdBy}
        </dd>
      </div>
      <div>
        <dt>Pull it</dt>
        <dd>
          <Copy text={`docker pull ${repository}@${image.digest}`} label="pull command">
            docker pull {repository}@{image.digest.slice(0, 19)}…
          </Copy>
        </dd>
      </div>
    </dl>
  );
}

function describeBase({ base, baseCreatedAt }: PlatformImage): string {
  if (base === null) return 'its own build';
  const made = baseCreatedAt === null ? '' : ` · made ${baseCreatedAt.slice(0, 10)}`;
  return `${base.reference} · ${shortDigest(base.digest)}${made}`;
}
