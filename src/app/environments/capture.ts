import { resolve } from 'node:path';
import { type Captured, type CaptureFinding, capturedText, capturePrefix } from '../../capture/index.ts';
import { AppError } from '../../errors/index.ts';
import { currentPlatform } from '../../io/index.ts';
import { type ListedLock, type ListedPypi, type Lock, type Platform, platforms } from '../../schema/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { ensureLock, takeLock } from '../locks/ensure-lock.ts';
import { readSource } from './read-source.ts';
import { register } from './register.ts';
import { type RegisteredVersion, viewOf } from './views.ts';

export interface CaptureRequest {
  /** The active environment, if not given. */
  prefix?: string;
  /** Register it; without a name the definition is only shown. */
  name?: string;
  version?: string;
  description?: string;
  tags?: Record<string, string>;
}

export interface CaptureResult {
  kind: Captured['kind'];
  prefix: string;
  python: string | undefined;
  packages: { conda: number; pypi: number };
  /** The definition, as a file. */
  text: string;
  /** What cannot be made again from it. */
  findings: CaptureFinding[];
  registered: RegisteredVersion | undefined;
  lock: Lock | undefined;
}

/** A definition and a lock of an environment that is there. */
export async function captureEnvironment(app: App, request: CaptureRequest): Promise<CaptureResult> {
  const prefix = request.prefix ?? (app.env.CONDA_PREFIX || app.env.VIRTUAL_ENV);
  if (prefix === undefined || prefix === '') {
    throw new AppError('USAGE', 'no environment is active, and none is named', {
      hint: 'Name its folder: `terroir env capture --prefix .venv`.',
    });
  }
  const captured = await capturePrefix(resolve(app.cwd, prefix));
  const result: CaptureResult = {
    kind: captured.kind,
    prefix: captured.prefix,
    python: captured.python,
    packages: { conda: captured.conda.length, pypi: captured.wheels.length },
    text: capturedText(captured),
    findings: captured.findings,
    registered: undefined,
    lock: undefined,
  };
  if (request.name === undefined) return result;
  const source = await readSource(app, {
    kind: 'inline',
    text: result.text,
    folder: captured.prefix,
    path: 'environment.yml',
  });
  const { version, outcome } = await register(app, source, request);
  const lock = await lockCaptured(app, version, captured);
  return {
    ...result,
    registered: { version: viewOf(version), outcome },
    lock,
    findings: [...captured.findings, ...addedFindings(captured, lock)],
  };
}

/** conda's packages are known to the digest; of a venv, the index says which files the versions are. */
async function lockCaptured(app: App, version: EnvironmentVersion, captured: Captured): Promise<Lock> {
  if (captured.kind === 'venv') return (await ensureLock(app, version)).lock;
  const platform = platformOf(captured);
  const wheels = captured.wheels.map(
    ({ name, version: text, source }): ListedPypi => ({
      kind: 'pypi',
      name,
      version: text,
      wheels: [],
      archive:
        source?.kind === 'archive'
          ? { filename: decodeURIComponent(source.url.split('/').at(-1) ?? ''), url: source.url, sha256: source.sha256 }
          : undefined,
      git: source?.kind === 'git' ? source : undefined,
      dependencies: [],
    }),
  );
  const listed: ListedLock = {
    format: 'conda-lock',
    packages: [...captured.conda, ...wheels],
    channels: captured.channels,
    platforms: [],
    defaultGroups: [],
  };
  return (await takeLock(app, version, { platform, listed })).lock;
}

function platformOf({ subdir, prefix }: Captured): Platform {
  const platform = subdir === undefined ? currentPlatform() : platforms.find((each) => each === subdir);
  if (platform !== undefined) return platform;
  throw new AppError('UNSUPPORTED_FEATURE', `\`${prefix}\` is an environment for ${subdir ?? 'this machine'}`, {
    hint: `Terroir knows ${platforms.join(', ')}.`,
  });
}

/** What the lock has and the environment has not: somebody took it out, or never put it in. */
function addedFindings({ wheels, conda }: Captured, lock: Lock): CaptureFinding[] {
  const there = new Set([...wheels, ...conda].map(({ name }) => name));
  return lock.packages
    .filter(({ name }) => !there.has(name))
    .map(({ name, version }) => ({
      kind: 'added',
      message: `the lock has \`${name} ${version}\`, which others require and the environment does not have`,
    }));
}
