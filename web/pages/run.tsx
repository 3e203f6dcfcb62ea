import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { call, queryText } from '../api/client.ts';
import { mayAct } from '../api/session.ts';
import type { ModelRecord, Page, RunRecord } from '../api/types.ts';
import { useData } from '../api/use-data.ts';
import { bytes, commandText, containerText, duration, plural, shortDigest } from '../parts/format.ts';
import { LogView } from '../parts/log-view.tsx';
import { EnvironmentLink, tookText } from '../parts/run-row.tsx';
import { Copy, Fact, Status, Tabs, Tags, Time } from '../parts/small.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { useAction } from '../parts/use-action.tsx';
import { useTitle } from '../parts/use-title.ts';
import { WithCode } from '../parts/with-code.tsx';

const ended = new Set(['Completed', 'Failed', 'Canceled']);
const tabs = [
  { id: 'log', title: 'Log' },
  { id: 'record', title: 'Record' },
];
/** Milliseconds between two looks at a run that goes on. */
const lookAgain = 2000;

/** One run: its log as it grows, and everything that was recorded of it. */
export function Run(): JSX.Element {
  const { id = '' } = useRoute().params;
  const { query, route } = useLocation();
  const { tab = 'log' } = query;
  useTitle(id);
  const loaded = useData(id, (signal) => call<RunRecord>(`/runs/${encodeURIComponent(id)}`, { signal }));
  const run = loaded.data;
  const isGoing = run !== undefined && !ended.has(run.status);
  useEffect(() => {
    if (!isGoing) return undefined;
    const timer = setInterval(loaded.reload, lookAgain);
    return () => clearInterval(timer);
  }, [isGoing, loaded.reload]);
  const cancel = useAction(async () => {
    await call(`/runs/${id}/cancel`, { method: 'POST' });
    loaded.reload();
  });
  const replay = useAction(async () => {
    const next = await call<RunRecord>(`/runs/${id}/replay`, {
      method: 'POST',
      headers: { 'idempotency-key': `studio ${id} ${Date.now()}` },
    });
    route(`/runs/${next.id}`);
  });
  if (loaded.problem !== undefined) return <Failure problem={loaded.problem} onRetry={loaded.reload} />;
  if (run === undefined) return <Loading lines={8} />;
  return (
    <section class="page">
      <header class="page-head">
        <p class="crumbs">
          <a href="/runs">Runs</a>
        </p>
        <div class="title-line">
          <h1>{run.displayName ?? run.id}</h1>
          <Status of={run.status} />
        </div>
        {mayAct('contributor') && (
          <div class="actions">
            {isGoing && (
              <button type="button" class="danger" disabled={cancel.isGoing} onClick={() => cancel.start()}>
                Cancel
              </button>
            )}
            {!isGoing && (
              <button type="button" disabled={replay.isGoing} onClick={() => replay.start()}>
                Replay
              </button>
            )}
            <a class="button" href={`/runs/compare${queryText({ a: run.replayOf ?? undefined, b: run.id })}`}>
              Compare
            </a>
          </div>
        )}
      </header>
      {cancel.message}
      {replay.message}
      <dl class="facts">
        <Fact title="Environment">
          <EnvironmentLink of={run.environment} />
        </Fact>
        <Fact title="Exit code">
          <span class={run.exitCode === 0 || run.exitCode === null ? '' : 'problem'}>
            {run.exitCode ?? '–'}
            {run.signal !== null && ` (${run.signal})`}
          </span>
        </Fact>
        <Fact title="Took">{tookText(run) || '–'}</Fact>
        <Fact title="Started">
          <Time of={run.createdAt} /> by {run.createdBy}
        </Fact>
        <Fact title="Repeat it">
          <Copy text={`terroir runs replay ${run.id}`} label="replay command" />
        </Fact>
      </dl>
      <p class="command">
        <code>{commandText(run.command)}</code>
      </p>
      {run.error !== null && (
        <div class="state failure">
          <p class="state-title">
            <WithCode text={run.error.message} />
          </p>
          {run.error.hint !== undefined && (
            <p>
              <WithCode text={run.error.hint} />
            </p>
          )}
          <p class="muted">
            <code>{run.error.code}</code>
          </p>
        </div>
      )}
      <Tabs
        label="About this run"
        tabs={tabs}
        current={tab}
        hrefOf={(each) => `/runs/${id}${each === 'log' ? '' : `?tab=${each}`}`}
      />
      {tab === 'log' ? <LogView run={run.id} onEnd={loaded.reload} /> : <Record of={run} />}
    </section>
  );
}

function Record({ of }: { of: RunRecord }): JSX.Element {
  const { machine, git, snapshot, resources } = of;
  const models = useData('models', (signal) => call<Page<ModelRecord>>('/models?limit=1000', { signal }));
  const own = (models.data?.items ?? []).filter(({ runId }) => runId === of.id);
  return (
    <>
      <dl class="facts grid">
        <Fact title="Target">{of.target}</Fact>
        {of.container !== null && (
          <Fact title="Container">
            <code>{containerText(of.container)}</code>
          </Fact>
        )}
        <Fact title="Lock">
          {of.lockDigest === null ? 'none' : `revision ${of.lockRevision ?? '–'} · ${shortDigest(of.lockDigest)}`}
        </Fact>
        {of.imageDigest !== null && <Fact title="Image">{shortDigest(of.imageDigest)}</Fact>}
        {of.interpreter !== null && (
          <Fact title="Interpreter">
            {of.interpreter.implementation} {of.interpreter.version}
          </Fact>
        )}
        {snapshot !== null && (
          <Fact title="Code">
            {plural(snapshot.files, 'file')}, {bytes(snapshot.size)} · {shortDigest(snapshot.digest)}
          </Fact>
        )}
        {git !== null && (
          <Fact title="Git">
            {git.branch} {git.commit.slice(0, 10)}
            {git.dirty && ' with changes'}
          </Fact>
        )}
        {machine !== null && (
          <Fact title="Machine">
            {machine.os}, {machine.cpu}, {plural(machine.cores, 'core')}, {bytes(machine.memory)}
            {machine.gpus.map(({ name }) => `, ${name}`).join('')}
          </Fact>
        )}
        {resources !== null && (
          <Fact title="Used">
            {duration(resources.wall)} wall, {duration(resources.userCpu + resources.systemCpu)} CPU
            {resources.maxMemory !== undefined && `, ${bytes(resources.maxMemory)} at most`}
          </Fact>
        )}
        {of.replayOf !== null && (
          <Fact title="Repeats">
            <a href={`/runs/${of.replayOf}`}>{of.replayOf}</a>
          </Fact>
        )}
        <Fact title="Terroir">{of.terroirVersion}</Fact>
      </dl>
      <Tags of={of.tags} />
      {own.length > 0 && (
        <>
          <h2>Models</h2>
          <ul class="plain">
            {own.map(({ name, version }) => (
              <li key={`${name}:${version}`}>
                <a href={`/models/${encodeURIComponent(name)}/${encodeURIComponent(version)}`}>
                  {name}:{version}
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
      <Pairs title="Variables" of={of.environmentVariables} />
      <Pairs title="Inputs" of={of.inputs} />
      <Pairs title="Outputs" of={of.outputs} />
      {of.notes.length > 0 && (
        <>
          <h2>Notes</h2>
          <ul class="plain">
            {of.notes.map((note) => (
              <li key={note}>
                <WithCode text={note} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Pairs({ title, of }: { title: string; of: Readonly<Record<string, unknown>> }): JSX.Element | null {
  const entries = Object.entries(of);
  if (entries.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <table class="pairs">
        <tbody>
          {entries.map(([key, value]) => (
            <tr key={key}>
              <th scope="row">{key}</th>
              <td>
                <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
