import type { CondaPackage, ListedConda, Platform } from '../schema/index.ts';

/** A virtual package: what the machine that runs the environment will have. */
export interface VirtualPackage {
  version: string;
  build: string;
}

export interface CondaSolveRequest {
  /** As the definition has them; empty for none. */
  channels: readonly string[];
  /** Match specifications, as written. */
  specs: readonly string[];
  platform: Platform;
  /** By name: `__glibc`. */
  virtualPackages: Readonly<Record<string, VirtualPackage>>;
  /** Kept where they still fit and the channel still has them. */
  locked: readonly CondaPackage[];
  /** Ask the channels what is new now, however fresh their answer still is. */
  refresh: boolean;
}

/** A chosen package; who needs it is known by what it requires. */
export type SolvedPackage = Omit<CondaPackage, 'dependencies' | 'requested'>;

export interface CondaSolution {
  /** In order of priority, by address, without credentials. */
  channels: string[];
  /** In no order. */
  packages: SolvedPackage[];
}

/** A Python distribution, as its metadata folder names it. */
export interface Distribution {
  /** Normalised. */
  name: string;
  version: string;
}

/** How conda channels are asked. */
export interface CondaSolver {
  /** Name and version of what solves. */
  readonly tool: { name: string; version: string };
  /** @throws AppError UNSOLVABLE with the solver's own explanation, INVALID_DEFINITION, UNREACHABLE, UNAUTHORIZED, OFFLINE, CANCELED. */
  solve(request: CondaSolveRequest): Promise<CondaSolution>;
  /**
   * What a channel says of exactly these packages, for a lock that another tool made. Nothing is solved.
   * @throws AppError UNREACHABLE, UNAUTHORIZED, OFFLINE; DIGEST_MISMATCH where the channel has another file of that name.
   */
  describe(listed: readonly ListedConda[], platform: Platform): Promise<SolvedPackage[]>;
  /** What pip would find installed of each of these packages: by the archive's SHA-256. */
  distributions(packages: readonly SolvedPackage[]): Promise<Map<string, Distribution[]>>;
  /** The METADATA of one of them, as PyPA specifies it; undefined where it has none. */
  metadata(pkg: SolvedPackage, distribution: Distribution): Promise<string | undefined>;
}
