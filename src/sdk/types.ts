/** Of its own making, so that whoever imports the package needs none of what it is made with. */

/** What a list answers; `next` is the `cursor` of the next page. */
export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface PageOptions {
  /** At most so many; 50 if not given. */
  limit?: number;
  cursor?: string;
}

/** Of what is listed by time. */
export interface TimedOptions extends PageOptions {
  /** `-created`, the newest first, if not given. */
  sort?: 'created' | '-created';
}

/** A definition: a file on this machine, or a text that goes without any file. */
export type DefinitionInput =
  | { file: string }
  | {
      text: string;
      /** The name that tells its format; `environment.yml` if not given. */
      path?: string;
    };

export interface VersionHeader {
  /** Its name, if not as in the definition. */
  name?: string;
  version?: string;
  description?: string;
  tags?: Record<string, string>;
}

export interface Version {
  name: string;
  version: string;
  category: 'curated' | 'user_managed' | 'system_managed';
  description: string | null;
  tags: Record<string, string>;
  archived: boolean;
  /** SHA-256 of what shapes the image. */
  fingerprint: string;
  definition: object;
  createdAt: string;
  createdBy: string;
}

export interface Environment {
  name: string;
  archived: boolean;
  latestVersion: string | null;
  category: Version['category'] | null;
  description: string | null;
  tags: Record<string, string>;
  createdAt: string;
  updatedAt: string;
}

export interface EnvironmentFilter extends PageOptions {
  /** Only names that contain it. */
  search?: string;
  /** Only with these tags: `key` or `key=value`. */
  tags?: string[];
  /** `active` if not given. */
  archived?: 'active' | 'archived' | 'all';
  /** `custom` is all that are not curated. */
  category?: Version['category'] | 'custom';
  /** By name if not given; with `-`, the last one first. */
  sort?: 'name' | '-name' | 'created' | '-created';
}

export type VersionFilter = TimedOptions & Pick<EnvironmentFilter, 'archived' | 'tags'>;

export interface VersionChange {
  description?: string;
  /** Added to those that are there. */
  tags?: Record<string, string>;
  removeTags?: string[];
}

export interface CloneOptions {
  name: string;
  version?: string;
  description?: string;
  tags?: Record<string, string>;
  /** Packages to add or change, such as `numpy==2.1`. */
  add?: string[];
  remove?: string[];
  /** Another base image. */
  image?: string;
  /** Another Python version. */
  python?: string;
}

/** What differs between two versions. */
export interface Diff {
  definition: { path: string; from?: unknown; to?: unknown }[];
  packages: {
    added: { name: string; version: string }[];
    removed: { name: string; version: string }[];
    changed: { name: string; from: string; to: string }[];
  };
  /** Why packages could not be compared. */
  notes: string[];
  /** Of the newest images; null where one of them has none. */
  image: { from: string; to: string; added: Layer[]; removed: Layer[]; shared: number; pull: number } | null;
}

/** What a rule found. */
export interface Finding {
  code: string;
  severity: 'error' | 'warning' | 'info';
  message: string;
  explanation: string;
}

export interface LockOptions {
  /** Such as `linux-64`; this machine's if not given. */
  platform?: string;
  /** Resolve anew: a new revision. */
  relock?: boolean;
}

export interface LockResult {
  revision: number | null;
  outcome: 'cached' | 'resolved' | 'relocked' | 'dry-run';
  lock: { digest: string; platform: string; packages: { name: string; version: string; kind: string }[] };
}

export interface BuildOptions {
  /** `linux-64`, `linux-aarch64`; the definition's if not given. */
  platforms?: string[];
  /** Resolve anew, look at the base anew, and make a new revision. */
  rebuild?: boolean;
}

export interface Layer {
  digest: string;
  size: number;
  kind: string;
  packages: string[];
}

export interface ImageOptions {
  /** This machine's if not given. */
  platform?: string;
  /** An earlier one; the newest if not given. */
  revision?: number;
}

export interface Image {
  platform: string;
  /** Of the platform's manifest. */
  digest: string;
  /** In the workspace's registry. */
  repository: string;
  revision: number;
  base: { reference: string; digest: string } | null;
  lockDigest: string | null;
  layers: Layer[];
  size: number;
  /** Which cache answered, if one did. */
  source: 'workspace' | 'global' | 'built';
}

/** What to run: a job file, or an environment and the words of a command. */
export type RunInput = RunOptions &
  (
    | {
        job: string;
        /** Instead of the job's. */
        environment?: string;
        /** Instead of what the job has for them. */
        inputs?: Record<string, string>;
      }
    | { environment: string; command: string[] }
  );

export interface RunOptions {
  /** A folder on this machine; of a job file, its own `code` if not given. */
  code?: string;
  /** `secret:NAME` takes the value from `secrets`, else from the environment. */
  variables?: Record<string, string>;
  /** Only hashes of them are kept. */
  secrets?: Record<string, string>;
  /** `local`, `docker`, or the name of a worker. */
  target?: string;
  /** For a container: a number, or `all`. */
  gpus?: string;
  /** Of those that wait, the highest comes first; 0 if not given. */
  priority?: number;
  /** Seconds. */
  timeout?: number;
  displayName?: string;
  tags?: Record<string, string>;
}

export interface Run {
  id: string;
  status: 'NotStarted' | 'Queued' | 'Preparing' | 'Running' | 'Finalizing' | 'Completed' | 'Failed' | 'Canceled';
  displayName: string | null;
  environment: { name: string; version: string; fingerprint: string };
  lockDigest: string | null;
  imageDigest: string | null;
  target: string;
  /** The worker that it was sent to by name, and the one that runs it. */
  compute: string | null;
  worker: string | null;
  /** As given: the job's text, or words; with `(secret, HASH)` in the place of what looks like a secret. */
  command: string | string[];
  tags: Record<string, string>;
  exitCode: number | null;
  startedAt: string | null;
  endedAt: string | null;
}

export interface RunFilter extends TimedOptions {
  status?: Run['status'];
  /** `name` or `name:version`. */
  environment?: string;
}

export interface ModelInput {
  /** The id of the run that made it. */
  run: string;
  name: string;
  /** In the run's outputs, such as `outputs/model`. */
  path: string;
  version?: string;
  description?: string;
  tags?: Record<string, string>;
}

export interface Model {
  name: string;
  version: string;
  runId: string;
  path: string;
  digest: string;
  size: number;
  description: string | null;
  tags: Record<string, string>;
  createdAt: string;
  createdBy: string;
}

export interface ModelFilter extends TimedOptions {
  name?: string;
  /** Only what this run made. */
  run?: string;
}

/** A model with what trained it. */
export interface ShownModel extends Model {
  environment: Run['environment'];
  lockDigest: string | null;
  imageDigest: string | null;
}

export interface Token {
  id: string;
  user: string;
  role: 'reader' | 'contributor' | 'admin';
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  usedAt: string | null;
}

export interface TokenInput {
  /** Whose it is. */
  user: string;
  role?: Token['role'];
  /** `12h`, `90d`, `1y` or `never`; `90d` if not given. */
  expires?: string;
}

export interface AuditEntry {
  number: number;
  time: string;
  user: string;
  origin: string;
  action: string;
  subject: string;
  outcome: string;
  hash: string;
}

export interface AuditFilter extends TimedOptions {
  user?: string;
  /** Such as `environment.register`. */
  action?: string;
  /** Such as `iris:3`. */
  subject?: string;
  /** A time, ISO 8601. */
  since?: string;
}

/** What goes wrong comes as this. Codes are stable; docs/errors.md has them all. */
export interface TerroirError extends Error {
  code: string;
  /** What to do. */
  hint: string | undefined;
  details: Record<string, unknown> | undefined;
}

/** A workspace, in a folder or behind a URL. References are `name`, `name:version` and `name@latest`. */
export interface Terroir {
  /** Registers a version. Nothing is resolved; the same definition again is the same version. */
  register: (definition: DefinitionInput, header?: VersionHeader) => Promise<Version>;
  /** Lists environments, each with what its latest version says of it. */
  environments: (filter?: EnvironmentFilter) => Promise<Page<Environment>>;
  /** Lists the versions of an environment. */
  versions: (name: string, filter?: VersionFilter) => Promise<Page<Version>>;
  /** Shows a version. */
  show: (reference: string) => Promise<Version>;
  /** Hides a version, or with a bare name the whole environment, from lists. */
  archive: (reference: string) => Promise<void>;
  /** Brings back what was archived. */
  restore: (reference: string) => Promise<void>;
  /** Changes description and tags; nothing else of a version can change. */
  update: (reference: string, change: VersionChange) => Promise<Version>;
  /** Deletes a version that nothing used. With `purge` its content goes although it was used, and a tombstone stays. */
  delete: (reference: string, options?: { purge?: boolean }) => Promise<Version>;
  /** A new environment from an existing one, with changes. */
  clone: (reference: string, options: CloneOptions) => Promise<Version>;
  /** What differs between two versions: the definition, the packages of their locks, the layers of their images. */
  diff: (from: string, to: string, options?: { platform?: string }) => Promise<Diff>;
  /** Analyses a version, or a definition that is registered nowhere; a text is a reference or a file, as on the command line. */
  check: (what: string | DefinitionInput) => Promise<Finding[]>;
  /** The exact packages; found out now if nobody did yet. */
  lock: (reference: string, options?: LockOptions) => Promise<LockResult>;
  /** Builds the images of a version, or takes them from a cache; one a platform. */
  build: (reference: string, options?: BuildOptions) => Promise<Image[]>;
  /** The image that a version has; nothing is built. */
  image: (reference: string, options?: ImageOptions) => Promise<Image>;
  /** Submits, and answers as soon as the run is on record. */
  run: (input: RunInput) => Promise<Run>;
  /** Lists runs. */
  runs: (filter?: RunFilter) => Promise<Page<Run>>;
  /** Shows the record of a run. */
  showRun: (id: string) => Promise<Run>;
  /** Waits until a run has ended, whatever its end is. */
  wait: (id: string) => Promise<Run>;
  /** What a run prints, as it comes, until its end. */
  logs: (id: string) => AsyncIterable<string>;
  /** Ends a run. */
  cancel: (id: string) => Promise<Run>;
  /** Repeats a run: same snapshot, same packages. Its secrets have to be given again; in a folder they may be in the environment. */
  replay: (id: string, options?: { secrets?: Record<string, string> }) => Promise<Run>;
  /** Keeps an output of a run as a model. With a version, the same again is the model that is there. */
  registerModel: (model: ModelInput) => Promise<Model>;
  /** Lists models. */
  models: (filter?: ModelFilter) => Promise<Page<Model>>;
  /** Shows a model, by `name` or `name:version`, with the environment that trained it. */
  showModel: (reference: string) => Promise<ShownModel>;
  /** Lists API tokens, also those that do not hold any more. */
  tokens: (filter?: TimedOptions & { user?: string }) => Promise<Page<Token>>;
  /** Makes a token. Its text is in the answer, and nowhere else. */
  createToken: (token: TokenInput) => Promise<Token & { token: string }>;
  /** Ends a token, at once. */
  revokeToken: (id: string) => Promise<Token>;
  /** Who did what, the newest first. */
  audit: (filter?: AuditFilter) => Promise<Page<AuditEntry>>;
  /** Waits for runs that go on in this process, and lets go of what is open. */
  close: () => Promise<void>;
}

export interface ConnectOptions {
  /** For a URL: an API token; `TERROIR_TOKEN` of the environment if not given. */
  token?: string;
  /** Who registers and runs, in a folder; the user of this process if not given. */
  user?: string;
  /** From which paths start; the current folder if not given. */
  cwd?: string;
  /** Environment variables to heed; those of this process if not given. */
  env?: Record<string, string | undefined>;
  /** Ends what goes on. */
  signal?: AbortSignal;
}
