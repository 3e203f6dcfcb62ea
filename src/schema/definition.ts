import * as z from 'zod';
import { Platform } from './platform.ts';

/** A file of which only the content counts: its path as written, beside the digest of its bytes. */
export const FileReference = z.object({
  /** As written in the definition, relative to the file that names it, with `/`. */
  path: z.string(),
  /** SHA-256 of the content, lower-case hex. A folder's is its tree digest. */
  digest: z.string(),
  size: z.number().int(),
});
export type FileReference = z.infer<typeof FileReference>;

/** One line of a requirements file (or of a `pip:` block), in its order. Texts are trimmed, inner white space collapsed to one blank. */
export type RequirementEntry =
  /** A PEP 508 requirement by name, or by URL (`name @ url`, a bare archive URL, `git+https://…`). URLs are kept as written. */
  | { type: 'requirement'; text: string }
  /** An option of the file: `--index-url`, `--extra-index-url`, `--find-links`, `--no-index`, `--pre`, `--no-binary`, `--only-binary`, `--prefer-binary`, `--trusted-host`, `--require-hashes`. */
  | { type: 'option'; name: string; value?: string }
  /** `-r FILE` or `-c FILE`, its lines inlined. */
  | { type: 'include' | 'constraint'; file: FileReference; entries: RequirementEntry[] }
  /** A wheel, sdist or project folder next to the file. */
  | {
      type: 'local';
      kind: 'wheel' | 'sdist' | 'project';
      file: FileReference;
      editable: boolean;
      extras: string[];
      /** The distribution's name where the text gives one (`name @ ./x.whl`, a wheel's file name). */
      name?: string;
      marker?: string;
    };

export const RequirementEntry: z.ZodType<RequirementEntry> = z.lazy(() =>
  z.union([
    z.object({ type: z.literal('requirement'), text: z.string() }),
    z.object({ type: z.literal('option'), name: z.string(), value: z.string().optional() }),
    z.object({
      type: z.enum(['include', 'constraint']),
      file: FileReference,
      entries: z.array(RequirementEntry),
    }),
    z.object({
      type: z.literal('local'),
      kind: z.enum(['wheel', 'sdist', 'project']),
      file: FileReference,
      editable: z.boolean(),
      extras: z.array(z.string()),
      name: z.string().optional(),
      marker: z.string().optional(),
    }),
  ]),
);

/** The lock file of another tool that a layer was read from: the first lock is what it says. */
export const LayerLock = z.object({
  file: FileReference,
  /** SHA-256 of what it lists, whatever its comments and order of keys. */
  content: z.string(),
});
export type LayerLock = z.infer<typeof LayerLock>;

/** The Python layer, as the user ordered it. */
export const PythonLayer = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('requirements'),
    /** The path of the file, when it is not given as a list. */
    file: FileReference.optional(),
    lock: LayerLock.optional(),
    entries: z.array(RequirementEntry),
  }),
  z.object({
    kind: z.literal('conda'),
    file: FileReference.optional(),
    lock: LayerLock.optional(),
    /** As written; an empty list means that the file has none. */
    channels: z.array(z.string()),
    /** conda specs (white space collapsed) and pip blocks, in their order. */
    dependencies: z.array(z.union([z.string(), z.object({ pip: z.array(RequirementEntry) })])),
    /** conda's own `variables:`; set on activation. */
    variables: z.record(z.string(), z.string()).optional(),
  }),
]);
export type PythonLayer = z.infer<typeof PythonLayer>;

export const SparkPackage = z.object({ group: z.string(), artifact: z.string(), version: z.string() });
export type SparkPackage = z.infer<typeof SparkPackage>;

export const Route = z.object({ path: z.string(), port: z.number().int().min(1).max(65535) });

export const InferenceConfig = z.object({
  livenessRoute: Route.optional(),
  readinessRoute: Route.optional(),
  scoringRoute: Route.optional(),
});

export const SystemRequirements = z.object({
  glibc: z.string().optional(),
  cuda: z.string().optional(),
  archspec: z.string().optional(),
});
export type SystemRequirements = z.infer<typeof SystemRequirements>;

/**
 * What the user wrote, whatever the input format: parsed, checked, with defaults filled in, and without name, version, description and tags.
 * Format 1. Stored as JSON with each environment version; its fingerprint is a function of it alone.
 */
export const Definition = z.object({
  /** As written; normalised only inside the fingerprint. */
  image: z.string().optional(),
  build: z
    .object({
      /** The context folder's path, as written, and its digest (DESIGN: context digest). */
      context: FileReference,
      dockerfilePath: z.string(),
    })
    .optional(),
  /** Dockerfile lines on top of `image`, as written. */
  dockerSteps: z.string().optional(),
  layer: PythonLayer.optional(),
  python: z.object({
    /** "3.11" or "3.11.7" or a specifier such as ">=3.10", as written. */
    version: z.string().optional(),
    userManaged: z.boolean(),
    interpreterPath: z.string().optional(),
  }),
  spark: z.object({ packages: z.array(SparkPackage), repositories: z.array(z.string()) }).optional(),
  systemRequirements: SystemRequirements.optional(),
  bytecode: z.boolean(),
  environmentVariables: z.record(z.string(), z.string()),
  platforms: z.array(Platform),
  osType: z.enum(['linux', 'windows']),
  inferenceConfig: InferenceConfig.optional(),
  autoRebuild: z.enum(['on_base_image_update', 'disabled']),
});
export type Definition = z.infer<typeof Definition>;

export const categories = ['curated', 'user_managed', 'system_managed'] as const;
export type Category = (typeof categories)[number];

/** What goes with a definition without being part of it. */
export interface DefinitionHeader {
  name?: string;
  version?: string;
  description?: string;
  tags: Record<string, string>;
}
