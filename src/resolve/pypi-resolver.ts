import type { Platform } from '../schema/index.ts';

/** Options of the requirements, as pip names them. Addresses, and those of requirements, may carry credentials and `${VAR}`. */
export interface PypiOptions {
  indexUrl?: string;
  extraIndexUrls: string[];
  findLinks: string[];
  noIndex: boolean;
  pre: boolean;
  /** `--no-binary` and `--only-binary` as they come; `names` as pip takes them: `a,b`, `:all:`, `:none:`. */
  binaryRules: { use: 'source' | 'wheels'; names: string }[];
  trustedHosts: string[];
}

export interface InstalledDistribution {
  name: string;
  version: string;
  /** Lines of its METADATA that are about extras. */
  extras?: readonly string[];
}

export interface CompileRequest {
  /** A requirements file's text, paths absolute, without options. */
  requirements: string;
  constraints: string;
  /** Pins that are kept where they still fit. */
  preferences: readonly { name: string; version: string }[];
  /** Names whose preference does not count. */
  upgrade: 'all' | readonly string[];
  /** What is installed already and stays: pins that need nothing but what their extras say. They are not part of the answer. */
  provided?: readonly InstalledDistribution[];
  options: PypiOptions;
  platform: Platform;
  /** "2.28" */
  glibc: string;
  /** "3.11", or "3.11.7" where the definition says so: then markers and packages may ask for that much. */
  python: string;
}

export interface CompiledFile {
  filename: string;
  url?: string;
  /** On this machine. */
  path?: string;
  sha256?: string;
  size?: number;
}

/** What was chosen for one name. */
export interface CompiledPackage {
  /** Normalised. */
  name: string;
  version: string | undefined;
  wheels: CompiledFile[];
  sdist: CompiledFile | undefined;
  /** A folder on this machine. */
  directory: string | undefined;
  git: { url: string; commit: string; subdirectory?: string } | undefined;
  /** An archive by address or path: a wheel or a source. */
  archive: (CompiledFile & { subdirectory?: string }) | undefined;
  index: string | undefined;
  dependencies: string[];
  requested: boolean;
}

export interface Compiled {
  packages: CompiledPackage[];
  /** Where was looked, pip's configuration included. The default index first. May carry credentials. */
  indexes: string[];
  findLinks: string[];
}

export interface BuildRequest {
  name: string;
  source:
    | { kind: 'file'; path?: string; url?: string; sha256?: string; filename: string }
    | { kind: 'folder'; path: string }
    | { kind: 'git'; url: string; commit: string };
  subdirectory?: string;
  /** "3.11" */
  python: string;
  /** For the build backend: `KEY=VALUE`. */
  configSettings: readonly string[];
  options: PypiOptions;
}

export interface BuiltWheel {
  filename: string;
  version: string;
  sha256: string;
  size: number;
}

/** How a PyPI channel is asked. */
export interface PypiResolver {
  /** Name and version of what resolves. */
  readonly tool: { name: string; version: string };
  /** @throws AppError UNSOLVABLE, UNREACHABLE, UNAUTHORIZED, OFFLINE, BUILD_FAILED. */
  compile(request: CompileRequest): Promise<Compiled>;
  /** Builds a wheel once, and keeps it. `key` names what it is built from; the same key is not built again. @throws AppError BUILD_FAILED. */
  build(key: string, request: BuildRequest): Promise<BuiltWheel>;
  /** Digest and size of a file that an index offers without them. What has to be fetched for it is kept. */
  measure(file: CompiledFile): Promise<{ sha256: string; size: number }>;
  /** True if a wheel for the platform and Python can be built here. */
  canBuild(platform: Platform, python: string): Promise<boolean>;
}
