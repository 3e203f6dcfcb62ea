/** The tables, as both databases have them. Times are ISO 8601 in UTC; JSON and booleans are text and 0/1. */
export interface Tables {
  environments: {
    name: string;
    archived: number;
    created_at: string;
    created_by: string;
  };
  environment_versions: {
    /** Counts up: "most recently created" is the highest. */
    id: number;
    name: string;
    version: string;
    /** The version as a number if it is one; for the next automatic version. */
    number: number | null;
    anonymous: number;
    category: string;
    description: string | null;
    tags: string;
    archived: number;
    fingerprint: string;
    definition: string;
    definition_digest: string;
    /** JSON: the texts and files of the definition with their digests. */
    files: string;
    /** The version that this one was made from. */
    derived_from: number | null;
    created_at: string;
    created_by: string;
    updated_at: string;
    /** When its content was purged. */
    purged_at: string | null;
  };
  lock_revisions: {
    fingerprint: string;
    platform: string;
    revision: number;
    digest: string;
    /** The lock itself, JSON. */
    lock: string;
    created_at: string;
    created_by: string;
  };
  lock_bindings: {
    version_id: number;
    platform: string;
    revision: number;
  };
  kept_archives: {
    lock_digest: string;
    sha256: string;
    size: number;
  };
  runs: {
    /** Counts up with creation. */
    number: number;
    id: string;
    status: string;
    environment_name: string;
    environment_version: string;
    version_id: number | null;
    lock_digest: string | null;
    /** The record, JSON. */
    record: string;
    /** Who drives it: host, process id and start time; to find runs whose process is gone. */
    owner: string | null;
    heartbeat_at: string | null;
    cancel_requested: number;
    created_at: string;
  };
  models: {
    number: number;
    name: string;
    version: string;
    run_id: string;
    record: string;
    created_at: string;
  };
}
