import type { JSX } from 'preact';
import { call, versionPath } from '../../api/client.ts';
import type { CheckResult, Sources, Version } from '../../api/types.ts';
import { useData } from '../../api/use-data.ts';
import { Findings } from '../../parts/findings.tsx';
import { Source } from '../../parts/highlight.tsx';
import { Failure, Loading } from '../../parts/states.tsx';

/** What the user wrote, and what the rules say about it. */
export function DefinitionTab({ version }: { version: Version }): JSX.Element {
  const path = versionPath(version.name, version.version);
  const sources = useData(`${path}/sources`, (signal) => call<Sources>(`${path}/sources`, { signal }));
  const check = useData(`${path}/check`, (signal) => call<CheckResult>(`${path}/check`, { signal }));
  if (sources.problem !== undefined) return <Failure problem={sources.problem} onRetry={sources.reload} />;
  if (sources.data === undefined) return <Loading lines={10} />;
  return (
    <>
      {sources.data.map(({ path: file, text }) => (
        <figure key={file} class="file">
          <figcaption>{file}</figcaption>
          <Source path={file} text={text} />
        </figure>
      ))}
      {check.data !== undefined && (
        <section aria-label="Analysis">
          <h2>Analysis</h2>
          <Findings of={check.data.findings} />
        </section>
      )}
      {check.problem !== undefined && <Failure problem={check.problem} onRetry={check.reload} />}
    </>
  );
}
