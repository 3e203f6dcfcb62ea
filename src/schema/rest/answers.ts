import * as z from 'zod';
import { categories, Definition } from '../definition.ts';
import { ImageRevision } from '../image-record.ts';
import { Lock } from '../lock.ts';
import { AuditEntry, Role, TokenRecord } from '../people.ts';
import { BuildRecord, ModelRecord, RunRecord } from '../records.ts';

/** An error: problem details (RFC 9457). */
export const Problem = z.object({
  type: z.string().describe('`about:blank`: the code says it'),
  title: z.string().describe('What failed, on which name'),
  status: z.number().int(),
  code: z.string().describe('Stable: scripts match on it'),
  hint: z.string().optional().describe('What to do'),
  details: z.record(z.string(), z.unknown()).optional(),
  instance: z.string().optional().describe('The request’s id, as in the server’s log'),
});
export type Problem = z.infer<typeof Problem>;

const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable().describe('Give it as `cursor` for the next page') });

/** An environment version, as every command shows it. */
export const Version = z.object({
  name: z.string(),
  version: z.string(),
  category: z.enum(categories),
  description: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
  archived: z.boolean(),
  fingerprint: z.string(),
  definition: Definition,
  createdAt: z.string(),
  createdBy: z.string(),
});

export const Environment = z.object({
  name: z.string(),
  archived: z.boolean(),
  latestVersion: z.string().nullable(),
  nextVersion: z.string(),
  category: z.enum(categories).nullable(),
  description: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
  versions: z.number().int(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

export const EnvironmentPage = pageOf(Environment);
export const VersionPage = pageOf(Version);

export const Archived = z.object({ name: z.string(), archived: z.boolean() });

export const Source = z.object({ path: z.string(), text: z.string() });
export const SourceList = z.array(Source);

const Change = z.object({ path: z.string(), from: z.unknown().optional(), to: z.unknown().optional() });
const NamedVersion = z.looseObject({ name: z.string(), version: z.string() });

export const PackageDiff = z.object({
  added: z.array(NamedVersion),
  removed: z.array(NamedVersion),
  changed: z.array(z.looseObject({ name: z.string(), from: z.string(), to: z.string() })),
});

const DiffLayer = z.object({
  digest: z.string(),
  size: z.number().int(),
  kind: z.string(),
  packages: z.array(z.string()),
});

export const Diff = z.object({
  definition: z.array(Change),
  packages: PackageDiff,
  image: z
    .object({
      from: z.string(),
      to: z.string(),
      added: z.array(DiffLayer),
      removed: z.array(DiffLayer),
      shared: z.number().int(),
      pull: z.number().int(),
    })
    .nullable()
    .describe('What a machine that has the newest image of the one would pull for the other; null where one has none'),
  notes: z.array(z.string()).describe('Why packages could not be compared'),
});

export const CheckResult = z.object({
  findings: z.array(
    z.looseObject({
      code: z.string(),
      severity: z.enum(['error', 'warning', 'info']),
      message: z.string(),
      explanation: z.string(),
    }),
  ),
  changes: z.array(z.string()),
});

export const LockPreview = z.object({
  platform: z.string(),
  python: z.string().nullable().describe('Its minor version; null where the lock has none'),
  packages: z.number().int(),
  versions: z
    .array(z.object({ kind: z.enum(['conda', 'pypi']), name: z.string(), version: z.string() }))
    .describe('Each of them'),
  size: z.number().describe('Bytes to fetch'),
  diff: PackageDiff.nullable().describe('Null where there is no lock to compare with'),
});

export const LockSummary = z.object({
  platform: z.string(),
  revision: z.number().int(),
  digest: z.string(),
  packages: z.number().int(),
});
export const LockList = z.object({ items: z.array(LockSummary), next: z.null() });

export const Licenses = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      license: z
        .string()
        .nullable()
        .describe('As the package says; null where it says nothing, or was never brought here'),
    }),
  ),
  next: z.null(),
});

export const LockAnswer = z.object({
  subject: z.string().describe('`name:version`'),
  revision: z.number().int().nullable(),
  outcome: z.enum(['cached', 'resolved', 'relocked', 'dry-run']),
  lock: Lock,
  diff: PackageDiff.optional(),
  stay: z.array(z.string()),
  pythonBefore: z.string().optional().describe('Where a relock moves Python: the minor version before'),
});

export const ImageList = z.object({ items: z.array(ImageRevision), next: z.null() });

export const Image = z.object({
  fingerprint: z.string(),
  repository: z.string(),
  revision: z.number().int(),
  digest: z.string().describe('Of the platform’s manifest'),
  indexDigest: z.string().optional().describe('Of the index, where there are several platforms'),
  platform: z.string(),
  base: z
    .object({
      reference: z.string(),
      digest: z.string(),
      createdAt: z.string().nullable().describe('When it was made, if it says so'),
    })
    .nullable(),
  images: z
    .array(z.object({ reference: z.string(), digest: z.string() }))
    .describe('Others that its Dockerfile or Docker steps name'),
  lockDigest: z.string().nullable(),
  lockRevision: z.number().int().nullable(),
  layers: z.array(DiffLayer),
  size: z.number().int(),
  source: z.enum(['workspace', 'global', 'built']).describe('Which cache answered, if one did'),
  dockerfile: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
});
export const BuiltImages = z.object({ items: z.array(Image), next: z.null() });

export const SharedVersion = z.object({
  name: z.string(),
  version: z.string(),
  fingerprint: z.string(),
  target: z.string().describe('The repository, or the name of the workspace'),
  outcome: z.enum(['created', 'updated', 'unchanged']),
  locks: z.array(z.object({ platform: z.string(), digest: z.string() })),
  digest: z.string().nullable().describe('Of the image'),
});

export const RunPage = pageOf(RunRecord);
export const BuildPage = pageOf(BuildRecord);
export const ComputeList = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      kind: z
        .enum(['prefix', 'image', 'worker'])
        .describe('What a run is in; a worker takes what its environment wants'),
      platform: z.string().nullable(),
      state: z.enum(['ready', 'missing']),
      detail: z.string(),
    }),
  ),
  next: z.null(),
});
export const ModelPage = pageOf(ModelRecord);
export const ShownModel = ModelRecord.extend({
  environment: RunRecord.shape.environment.describe('What trained it'),
  lockDigest: z.string().nullable(),
  imageDigest: z.string().nullable(),
  run: z.string(),
});

export const Blob = z.object({ digest: z.string(), size: z.number().int() });
export const MissingContent = z.object({ missing: z.array(z.string()) });

export const TokenPage = pageOf(TokenRecord);
export const CreatedToken = TokenRecord.extend({ token: z.string().describe('Shown here and never again') });

export const AuditPage = pageOf(AuditEntry);
export const AuditCheck = z.object({ entries: z.number().int(), head: z.string() });

export const Me = z.object({
  user: z.string(),
  role: Role,
  token: z.string().nullable(),
  session: z.boolean().describe('True for who logged in with a browser'),
});

export const Diagnoses = z.object({
  items: z.array(
    z.object({
      state: z.enum(['ok', 'warning', 'problem']),
      subject: z.string(),
      message: z.string(),
      remedy: z.string().optional(),
    }),
  ),
});

const Count = z.object({ count: z.number().int(), bytes: z.number() });
export const Statistics = z.object({
  builds: z.object({
    completed: z
      .object({ workspace: z.number().int(), global: z.number().int(), built: z.number().int() })
      .describe('Builds that ended with images, by where those came from'),
    failed: z.number().int(),
    medianSeconds: z.number().nullable().describe('Of those that were built'),
    savedSeconds: z
      .number()
      .describe('What the builds that a cache answered would have taken, as far as that is known'),
  }),
  movedBases: z
    .array(z.object({ environment: z.string(), version: z.string(), reference: z.string() }))
    .describe('Environments whose base image has moved since their image was made, as far as anybody has looked'),
});

export const SharedLayers = z.object({
  items: z.array(
    z.object({
      digest: z.string(),
      environments: z.number().int().describe('How many others have it'),
      names: z.array(z.string()).describe('The first of them'),
    }),
  ),
  next: z.null(),
});

export const CacheSummary = z.object({
  root: z.string(),
  archives: Count,
  unpacked: Count,
  prefixes: Count,
  channels: Count,
  answers: Count,
  registry: Count.extend({ root: z.string() }),
});
