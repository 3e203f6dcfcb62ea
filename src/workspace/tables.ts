import type { Generated } from 'kysely';
import type { BuildStatus, Category, Platform, Role, RunStatus } from '../schema/index.ts';

/** The tables, as both databases have them. Times are ISO 8601 in UTC; JSON and booleans are text and 0/1. */
export interface Tables {
  environments: {
    name: string;
    archived: number;
    created_at: string;
    created_by: string;
  };
  environment_versions: {
    /** Counts up: "most recently created" is the highest, whatever the clock said. */
    id: Generated<number>;
    name: string;
    version: string;
    /** The version as a number if it is one; for the next automatic version. */
    number: number | null;
    anonymous: number;
    category: Category;
    description: string | null;
    /** JSON, as given; `version_tags` holds the same to be searched. */
    tags: string;
    /** Also 1 if the whole environment is archived. */
    archived: number;
    fingerprint: string;
    /** JSON. */
    definition: string;
    definition_digest: string;
    /** JSON: the texts and files of the definition with their digests. */
    files: string;
    /** The version that this one was made from. It may have been deleted since. */
    derived_from: number | null;
    created_at: string;
    created_by: string;
    updated_at: string;
    /** When its content was purged. */
    purged_at: string | null;
  };
  version_tags: {
    version_id: number;
    key: string;
    value: string;
  };
  /** What lists show of an environment. All of it follows from the rows above. */
  environment_summaries: {
    name: string;
    /** As in `summaryState`. */
    state: number;
    /** Of the latest version. */
    category: Category;
    latest_id: number;
    /** The highest number of its versions. */
    highest: number | null;
    versions: number;
    /** Versions that are not archived. */
    active: number;
    created_at: string;
  };
  /** The tags of the latest version. */
  environment_tags: {
    name: string;
    key: string;
    value: string;
  };
  lock_revisions: {
    fingerprint: string;
    platform: Platform;
    revision: number;
    digest: string;
    /** The lock itself, JSON. */
    lock: string;
    created_at: string;
    created_by: string;
  };
  lock_bindings: {
    version_id: number;
    platform: Platform;
    revision: number;
  };
  kept_archives: {
    lock_digest: string;
    sha256: string;
    size: number;
  };
  runs: {
    /** Counts up with creation. */
    number: Generated<number>;
    id: string;
    status: RunStatus;
    environment_name: string;
    environment_version: string;
    version_id: number | null;
    lock_digest: string | null;
    /** The record, JSON. */
    record: string;
    /** JSON: who drives it; to find runs whose process is gone. */
    owner: string;
    /** The last sign of life. Null if its driver does not give any. */
    heartbeat_at: string | null;
    cancel_requested: number;
    created_at: string;
  };
  models: {
    /** Counts up with creation. */
    number: Generated<number>;
    name: string;
    version: string;
    /** The version as a number if it is one. */
    version_number: number | null;
    run_id: string;
    /** JSON. */
    record: string;
    created_at: string;
  };
  image_revisions: {
    fingerprint: string;
    revision: number;
    digest: string;
    /** JSON. */
    record: string;
    created_at: string;
  };
  platform_images: {
    fingerprint: string;
    revision: number;
    platform: Platform;
    /** Of the manifest. */
    digest: string;
    lock_digest: string | null;
    base_digest: string | null;
    base_reference: string | null;
  };
  /** Which images have a layer. All of it follows from their records. */
  image_layers: {
    digest: string;
    fingerprint: string;
    revision: number;
  };
  leases: {
    name: string;
    /** Tells one holder from the next. */
    token: string;
    /** JSON: the process. */
    owner: string;
    heartbeat_at: string;
  };
  facts: {
    name: string;
    value: string;
  };
  base_references: {
    /** Normalised as Docker does. */
    reference: string;
    digest: string;
    checked_at: string;
  };
  tokens: {
    id: string;
    /** Whose it is. */
    user: string;
    role: Role;
    /** SHA-256 (hex) of the secret part. */
    hash: string;
    created_at: string;
    created_by: string;
    expires_at: string | null;
    revoked_at: string | null;
    used_at: string | null;
  };
  audit: {
    /** 1, 2, 3, … without a gap. */
    number: number;
    time: string;
    user: string;
    origin: string;
    action: string;
    subject: string;
    outcome: string;
    hash: string;
  };
  /** Submissions that carried a key, so that sending one again starts nothing. */
  submissions: {
    user: string;
    key: string;
    /** Of what was asked for. */
    digest: string;
    run_id: string;
    created_at: string;
  };
  /** Runs and builds that wait for a worker, or are under way. */
  tasks: {
    /** Counts up with creation. */
    number: Generated<number>;
    /** The run's or the build's. */
    id: string;
    kind: 'run' | 'build';
    /** The worker that it is for; '' for any. */
    compute: string;
    /** The highest first. */
    priority: number;
    /** JSON: what a worker has to know besides the record. */
    request: string;
    /** How often it was begun. */
    attempts: number;
    /** Who does it. Null while it waits; the next three, too. */
    worker: string | null;
    /** Tells one attempt from the next. */
    token: string | null;
    /** JSON: the process. */
    owner: string | null;
    heartbeat_at: string | null;
    created_at: string;
    created_by: string;
  };
  workers: {
    name: string;
    /** JSON. */
    record: string;
    /** JSON: the process. */
    owner: string;
    heartbeat_at: string;
  };
  builds: {
    /** Counts up with creation. */
    number: Generated<number>;
    id: string;
    status: BuildStatus;
    environment_name: string;
    environment_version: string;
    version_id: number | null;
    /** What is the same of builds that are one. */
    joined_by: string;
    /** The record, JSON. */
    record: string;
    cancel_requested: number;
    created_at: string;
    /** Of the record, to be counted: see `buildUsage`. */
    fingerprint: string | null;
    source: string | null;
    seconds: number | null;
  };
  /** Contents by their SHA-256 that are in the database, or that it knows the place of. */
  contents: {
    digest: string;
    size: number;
    /** Of a small one. */
    bytes: Uint8Array | null;
    /** What the registry calls a large one, where a registry has them. */
    place: string | null;
    /** When it came in or was last asked for. */
    touched_at: string;
  };
  /** What was written to a log, piece by piece, where several machines read it. */
  log_pieces: {
    log: string;
    /** Where in the log it begins. */
    at: number;
    bytes: Uint8Array;
  };
}
