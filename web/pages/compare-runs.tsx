import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { call, queryText } from '../api/client.ts';
import type { RunRecord } from '../api/types.ts';
import { useData } from '../api/use-data.ts';
import { commandText, containerText } from '../parts/format.ts';
import { tookText } from '../parts/run-row.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { useTitle } from '../parts/use-title.ts';

/** Two runs beside each other; what differs stands out. */
export function CompareRuns(): JSX.Element {
  useTitle('Compare runs');
  const { query, route } = useLocation();
  const { a = '', b = '' } = query;
  const [left, setLeft] = useState(a);
  const [right, setRight] = useState(b);
  const loaded = useData(a === '' || b === '' ? undefined : `${a} ${b}`, async (signal) => {
    const read = (id: string): Promise<RunRecord> => call(`/runs/${encodeURIComponent(id)}`, { signal });
    return await Promise.all([read(a), read(b)]);
  });
  return (
    <section class="page">
      <header class="page-head">
        <p class="crumbs">
          <a href="/runs">Runs</a>
        </p>
        <h1>Compare runs</h1>
      </header>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          route(`/runs/compare${queryText({ a: left.trim(), b: right.trim() })}`);
        }}
      >
        <label class="field">
          From <input required value={left} onInput={(event) => setLeft(event.currentTarget.value)} />
        </label>
        <label class="field">
          to <input required value={right} onInput={(event) => setRight(event.currentTarget.value)} />
        </label>
        <button type="submit" class="primary">
          Compare
        </button>
      </form>
      {loaded.problem !== undefined && <Failure problem={loaded.problem} onRetry={loaded.reload} />}
      {loaded.isLoading && loaded.data === undefined && <Loading lines={8} />}
      {loaded.data !== undefined && <Table runs={loaded.data} />}
    </section>
  );
}

function Table({ runs: [a, b] }: { runs: [RunRecord, RunRecord] }): JSX.Element {
  const [left, right] = [facts(a), facts(b)];
  const keys = [...new Set([...left.keys(), ...right.keys()])];
  return (
    <div class="scroll-x">
      <table class="pairs">
        <thead>
          <tr>
            <th scope="col">What</th>
            {[a, b].map(({ id }) => (
              <th key={id} scope="col">
                <a href={`/runs/${id}`}>{id}</a>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => {
            const differs = left.get(key) !== right.get(key);
            return (
              <tr key={key} class={differs ? 'differs' : ''}>
                <th scope="row">
                  {key}
                  {differs && <span class="badge">differs</span>}
                </th>
                <td>{left.get(key) ?? '–'}</td>
                <td>{right.get(key) ?? '–'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function facts(run: RunRecord): Map<string, string> {
  const pairs = (title: string, of: Readonly<Record<string, unknown>>): [string, string][] =>
    Object.entries(of).map(([key, value]) => [
      `${title} ${key}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
  return new Map([
    ['Status', run.status],
    ['Exit code', String(run.exitCode ?? '–')],
    ['Took', tookText(run)],
    ['Environment', `${run.environment.name}:${run.environment.version}`],
    ['Fingerprint', run.environment.fingerprint.slice(0, 16)],
    ['Lock', run.lockDigest?.slice(0, 16) ?? 'none'],
    ['Image', run.imageDigest ?? 'none'],
    ['Command', commandText(run.command)],
    ['Code', run.snapshot?.digest.slice(0, 16) ?? 'none'],
    ['Git', run.git === null ? 'none' : `${run.git.commit.slice(0, 10)}${run.git.dirty ? ' with changes' : ''}`],
    ['Target', run.target],
    ['Container', run.container === null ? 'none' : containerText(run.container)],
    ['Interpreter', run.interpreter?.version ?? 'none'],
    ['Machine', run.machine === null ? 'none' : `${run.machine.os}, ${run.machine.cpu}`],
    ['Terroir', run.terroirVersion],
    ...pairs('Variable', run.environmentVariables),
    ...pairs('Input', run.inputs),
    ...pairs('Output', run.outputs),
  ]);
}
