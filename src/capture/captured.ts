import type { ListedConda } from '../schema/index.ts';
import type { CaptureFinding } from './finding.ts';

export type CapturedCondaPackage = ListedConda;

/** A distribution that pip or its kind installed. */
export interface CapturedWheel {
  /** Normalised. */
  name: string;
  version: string;
  /** From where, if it was no index. */
  source?:
    | { kind: 'archive'; url: string; sha256?: string }
    | { kind: 'git'; url: string; commit: string; subdirectory?: string };
}

export interface Captured {
  kind: 'conda' | 'venv';
  prefix: string;
  /** "3.11"; undefined for a conda environment without Python. */
  python: string | undefined;
  /** conda's subdir; of a venv, undefined. */
  subdir: string | undefined;
  /** Addresses, in the order in which the packages name them. */
  channels: string[];
  conda: CapturedCondaPackage[];
  wheels: CapturedWheel[];
  /** conda's own `variables`. */
  variables: Record<string, string>;
  findings: CaptureFinding[];
}
