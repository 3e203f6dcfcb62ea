import type { JobInput, JobOutput, JobVariable, Lock, RunRecord } from '../../schema/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';

export type OnOutput = (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void | Promise<void>;

/** Everything that a run is made of, before it begins: environment + target + script. */
export interface RunPlan {
  /** If it was given out already. */
  id?: string;
  version: EnvironmentVersion;
  target: RunTarget;
  /** The worker that it shall wait for, by name. */
  compute?: string;
  /** Of those that wait, the highest comes first. */
  priority?: number;
  /** Of a replay: the image that it must have. */
  imageDigest?: string;
  /** Of a replay: the lock that it must have. */
  locked?: { lock: Lock; revision: number };
  displayName?: string;
  experimentName?: string;
  description?: string;
  tags: Record<string, string>;
  /** A line for the shell with placeholders, or the words to execute. */
  command: string | readonly string[];
  code: RunCode;
  inputs: Record<string, JobInput>;
  /** Inputs that may have no value. */
  optionalInputs: string[];
  outputs: Record<string, JobOutput>;
  variables: Record<string, JobVariable>;
  /** What `secret` variables are taken from, if not from this process’s environment. */
  secrets?: Readonly<Record<string, string>>;
  /** Seconds. */
  timeout?: number;
  replayOf?: string;
  notes: string[];
  onOutput: OnOutput;
}

export type RunTarget =
  | { kind: 'local' }
  | {
      kind: 'docker';
      /** The one that the user wants. */
      engine?: string;
      /** Of a replay: the one that ran it, which is taken if it is here. */
      formerEngine?: string;
      gpus?: string;
      shmSize?: string;
      /** Further words for the engine. */
      args: string[];
    };

export type RunCode =
  /** A copy of this folder's snapshot. */
  | { kind: 'copy'; folder: string }
  /** In this folder itself; a snapshot is taken for the record. */
  | { kind: 'in-place'; folder: string }
  /** A snapshot of an earlier run. */
  | { kind: 'stored'; snapshot: NonNullable<RunRecord['snapshot']> }
  | { kind: 'none' };
