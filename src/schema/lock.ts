import * as z from 'zod';
import { Platform } from './platform.ts';

/** Where the bytes of a wheel come from that no index serves: what was built, and from what. */
export const BuiltFrom = z.object({
  kind: z.enum(['sdist', 'git', 'archive', 'project']),
  /** Without credentials; for a project the path in the definition. Git URLs carry the full commit: `git+https://…@<40 hex>`. */
  url: z.string(),
  /** SHA-256 of the source archive or tree, where there is one. */
  digest: z.string().optional(),
  subdirectory: z.string().optional(),
});
export type BuiltFrom = z.infer<typeof BuiltFrom>;

/** A wheel from an index, a URL, the definition's own files, or built once from a source. */
export const PypiPackage = z.object({
  kind: z.literal('pypi'),
  /** Normalised as PEP 503 says. */
  name: z.string(),
  version: z.string(),
  /** The wheel's file name. */
  filename: z.string(),
  /** Where to fetch it, without credentials. Absent for a built wheel and for a wheel beside the definition: the workspace holds those by digest. */
  url: z.string().optional(),
  /** The index that named it, without credentials. */
  index: z.string().optional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.number().int(),
  /** Names of the packages that it requires here, normalised and sorted. */
  dependencies: z.array(z.string()),
  /** True if the definition names it. */
  requested: z.boolean(),
  builtFrom: BuiltFrom.optional(),
  /** The path in the definition, for a wheel beside it. */
  local: z.string().optional(),
});
export type PypiPackage = z.infer<typeof PypiPackage>;

/** A package of a conda channel. Names of fields as in the channel's repodata where it has them. */
export const CondaPackage = z.object({
  kind: z.literal('conda'),
  name: z.string(),
  version: z.string(),
  build: z.string(),
  buildNumber: z.number().int(),
  /** `numpy-1.26.4-py311h64a7726_0.conda` */
  filename: z.string(),
  /** Where to fetch it, without credentials. */
  url: z.string(),
  /** The channel as the lock's inputs name it. */
  channel: z.string(),
  /** The folder of the channel: `linux-64`, `noarch`. */
  subdir: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  md5: z.string().optional(),
  size: z.number().int(),
  noarch: z.enum(['python', 'generic']).optional(),
  license: z.string().optional(),
  /** MatchSpecs, as the channel's (patched) record has them. */
  depends: z.array(z.string()),
  constrains: z.array(z.string()),
  /** Python's own site-packages path, where its record names one. */
  sitePackagesPath: z.string().optional(),
  /** Names of the packages that it requires here, sorted. */
  dependencies: z.array(z.string()),
  /** True if the definition names it. */
  requested: z.boolean(),
});
export type CondaPackage = z.infer<typeof CondaPackage>;

export const LockedPackage = z.discriminatedUnion('kind', [PypiPackage, CondaPackage]);
export type LockedPackage = z.infer<typeof LockedPackage>;

export const LockedPython = z.object({
  /** The minor version: "3.11". */
  version: z.string().regex(/^\d+\.\d+$/),
  source: z.enum(['machine', 'conda', 'base']),
});
export type LockedPython = z.infer<typeof LockedPython>;

/**
 * The exact packages for one fingerprint and one platform. A pure function of definition, platform and what the channels served.
 * Nothing in it depends on the machine, the time or the order of downloads.
 */
export const Lock = z.object({
  lockVersion: z.literal(1),
  fingerprint: z.string(),
  platform: Platform,
  /** Absent where conda packages alone make the environment and none of them is a Python. */
  python: LockedPython.optional(),
  inputs: z.object({
    /** conda channels, in order. */
    channels: z.array(z.string()),
    /** PyPI indexes in order, without credentials. The first is the default. */
    indexes: z.array(z.string()),
    findLinks: z.array(z.string()),
    /** As used for the resolution: `__glibc: "2.28"`. */
    virtualPackages: z.record(z.string(), z.string()),
    /** Versions of what resolved and built: `uv`. */
    tools: z.record(z.string(), z.string()),
  }),
  /** In install order. */
  packages: z.array(LockedPackage),
  /** SHA-256 (hex) over the canonical JSON of all the above. */
  digest: z.string(),
});
export type Lock = z.infer<typeof Lock>;
