import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { LocationProvider, lazy, Route, Router } from 'preact-iso';
import { call } from './api/client.ts';
import { logInWanted, me } from './api/session.ts';
import type { Me } from './api/types.ts';
import { useData } from './api/use-data.ts';
import { Environments } from './pages/environments.tsx';
import { Home } from './pages/home/home.tsx';
import { LogIn, LogInAgain } from './pages/log-in.tsx';
import { Frame } from './parts/frame.tsx';
import { Empty, Failure, Loading } from './parts/states.tsx';

const Environment = lazy(async () => (await import('./pages/environment.tsx')).EnvironmentPage);
const Compare = lazy(async () => (await import('./pages/compare.tsx')).Compare);
const Create = lazy(async () => (await import('./pages/create.tsx')).Create);
const Builds = lazy(async () => (await import('./pages/builds.tsx')).Builds);
const Build = lazy(async () => (await import('./pages/build.tsx')).Build);
const Runs = lazy(async () => (await import('./pages/runs.tsx')).Runs);
const CompareRuns = lazy(async () => (await import('./pages/compare-runs.tsx')).CompareRuns);
const Run = lazy(async () => (await import('./pages/run.tsx')).Run);
const Models = lazy(async () => (await import('./pages/models.tsx')).Models);
const Model = lazy(async () => (await import('./pages/model.tsx')).Model);

/** What of the server is the studio; every other address is left to the browser. */
const own = /^\/(?:$|\?|environments|compare|create|builds|runs|models)/;

export function App(): JSX.Element {
  const wanted = logInWanted.value;
  const asked = useData<Me>(wanted === undefined ? 'me' : undefined, (signal) => call('/me', { signal }));
  useEffect(() => {
    if (asked.data !== undefined) me.value = asked.data;
  }, [asked.data]);
  if (wanted !== undefined && me.value === undefined) return <LogIn wanted={wanted} />;
  if (me.value === undefined && asked.problem !== undefined && asked.problem.status !== 401)
    return (
      <main class="alone">
        <Failure problem={asked.problem} onRetry={asked.reload} />
      </main>
    );
  if (me.value === undefined) return <Loading lines={0} />;
  return (
    <LocationProvider scope={own}>
      <Frame>
        <Router>
          <Route path="/" component={Home} />
          <Route path="/environments" component={Environments} />
          <Route path="/environments/:name" component={Environment} />
          <Route path="/compare" component={Compare} />
          <Route path="/create" component={Create} />
          <Route path="/builds" component={Builds} />
          <Route path="/builds/:id" component={Build} />
          <Route path="/runs" component={Runs} />
          <Route path="/runs/compare" component={CompareRuns} />
          <Route path="/runs/:id" component={Run} />
          <Route path="/models" component={Models} />
          <Route path="/models/:name/:version" component={Model} />
          <Route default component={Missing} />
        </Router>
      </Frame>
      {wanted !== undefined && <LogInAgain wanted={wanted} />}
    </LocationProvider>
  );
}

function Missing(): JSX.Element {
  return (
    <Empty title="There is nothing at this address">
      <p>
        Perhaps you look for the <a href="/environments">environments</a>.
      </p>
    </Empty>
  );
}
