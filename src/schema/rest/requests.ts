import * as z from 'zod';
import { categories } from '../definition.ts';
import { Platform } from '../platform.ts';
import { BuildStatus, RunStatus } from '../records.ts';
import { ContentDigest, UploadedFiles } from '../uploads.ts';
import { Flag, ReferenceText, Repeated, TagMap, Text, WholeNumber } from './text.ts';

export const PageQuery = z.object({
  limit: WholeNumber(1, 1000).optional().describe('At most so many items; 50 if not given'),
  cursor: Text(2000).optional().describe('The `next` of the page before'),
});

/** Of lists that are by time. */
export const TimedQuery = PageQuery.extend({
  sort: z.enum(['created', '-created']).optional().describe('`-created`, the newest first, if not given'),
});

const Archived = z.enum(['active', 'archived', 'all']).optional();

export const EnvironmentsQuery = PageQuery.extend({
  search: Text(255).optional().describe('Only names that contain the text, in any case'),
  category: z
    .enum([...categories, 'custom'])
    .optional()
    .describe('`custom` is all that are not curated'),
  tag: Repeated.optional().describe('Only with this tag: `key` or `key=value`; may be given several times'),
  archived: Archived,
  sort: z.enum(['name', '-name', 'created', '-created']).optional().describe('With `-`, the last one first'),
});

export const VersionsQuery = TimedQuery.extend({
  archived: Archived,
  tag: Repeated.optional().describe('Only with this tag: `key` or `key=value`; may be given several times'),
});

/** A definition as text, with the files that it refers to. */
export const DefinitionUpload = z.strictObject({
  text: Text(1 << 20).describe('An environment’s YAML, a conda file, requirements, or a Dockerfile'),
  path: Text(1000)
    .regex(/^[^/\\]+$/, 'must be the name of a file')
    .optional()
    .describe('The name of its file, which tells the format; `environment.yml` if not given'),
  files: UploadedFiles.optional(),
});

export const CreateVersion = z.strictObject({
  definition: DefinitionUpload,
  name: Text(300).optional().describe('Its name, if not as in the definition'),
  anonymous: z
    .boolean()
    .optional()
    .describe('Without any name, make it an anonymous version: one that no list has, found by its content alone'),
  version: Text(300).optional(),
  description: Text(10_000).optional(),
  tags: TagMap.optional(),
});

export const ChangeVersion = z.strictObject({
  description: Text(10_000).nullable().optional(),
  tags: z.record(Text(100).min(1), Text(1000).nullable()).optional().describe('null takes a tag away'),
});

export const CloneVersion = z.strictObject({
  name: Text(300).min(1),
  version: Text(300).optional(),
  description: Text(10_000).optional(),
  tags: TagMap.optional(),
  add: z.array(Text(1000)).max(1000).optional().describe('Packages to add or change, such as `numpy==2.1`'),
  remove: z.array(Text(300)).max(1000).optional(),
  image: Text(1000).optional(),
  python: Text(100).optional(),
});

const Priority = z.int().min(-1000).max(1000).describe('Of what waits, the highest comes first; 0 if not given');

export const BuildImages = z.strictObject({
  rebuild: z.boolean().optional().describe('Resolve anew, look at the base anew, and make a new revision'),
  platforms: z.array(Text(100)).max(10).optional().describe('The definition’s, or the server’s own, if not given'),
});

export const ShareVersion = z.strictObject({
  registry: Text(1000).min(1).describe('With or without a path: `registry.example/team`'),
});

export const SubmitBuild = BuildImages.extend({
  environment: ReferenceText,
  priority: Priority.optional(),
});

export const BuildsQuery = TimedQuery.extend({ status: BuildStatus.optional(), environment: ReferenceText.optional() });

export const CheckDefinition = z.strictObject({ definition: DefinitionUpload });

export const PreviewLock = z.strictObject({
  definition: DefinitionUpload,
  against: ReferenceText.optional().describe('A version whose lock it is compared with'),
  platform: Platform.optional(),
});

export const DeleteQuery = z.object({
  purge: Flag.optional().describe('Takes the content away, whoever used it; a tombstone stays. Wants the role admin'),
});

export const DiffQuery = z.object({ from: ReferenceText, to: ReferenceText, platform: Platform.optional() });

export const LockQuery = z.object({ revision: WholeNumber(1, 1e9).optional().describe('An earlier revision') });

export const ImageQuery = LockQuery.extend({ platform: Platform.optional().describe('The server’s own if not given') });

export const ExportQuery = LockQuery.extend({
  format: z.enum(['pylock', 'requirements', 'explicit', 'conda-lock', 'json']),
});

export const MakeLock = z.strictObject({
  relock: z.boolean().optional().describe('Resolve anew: a new revision'),
  upgrade: z.array(Text(300)).max(1000).optional().describe('With `relock`: let only these packages move'),
  dryRun: z.boolean().optional().describe('With `relock`: show what would move, and keep nothing'),
});

export const RunsQuery = TimedQuery.extend({ status: RunStatus.optional(), environment: ReferenceText.optional() });

const Variables = z.record(Text(300).regex(/^[A-Za-z_][A-Za-z0-9_]*$/), Text(100_000));

export const SubmitRun = z.strictObject({
  job: Text(1 << 20)
    .optional()
    .describe('The text of a command job; or send `environment` and `command`'),
  environment: ReferenceText.optional(),
  command: z.array(Text(100_000)).min(1).max(10_000).optional().describe('The words to execute'),
  code: UploadedFiles.optional().describe('What runs; without it, the run begins in an empty folder'),
  files: UploadedFiles.optional().describe('Files beside the job, for an environment that is defined in it'),
  inputs: z.record(Text(300).min(1), Text(100_000)).optional(),
  variables: Variables.optional().describe('`secret:NAME` takes the value from `secrets`'),
  secrets: Variables.optional().describe('Only hashes of them are kept'),
  target: Text(300).optional(),
  gpus: Text(10)
    .regex(/^(?:all|[1-9]\d*)$/)
    .optional()
    .describe('For a container: so many GPUs, or `all`'),
  compute: Text(300).optional().describe('A worker, by its name'),
  priority: Priority.optional(),
  timeout: z.number().positive().max(1e9).optional().describe('Seconds'),
  displayName: Text(1000).optional(),
  tags: TagMap.optional(),
});

export const ReplayRun = z.strictObject({ secrets: Variables.optional() });

export const LogQuery = z.object({
  from: WholeNumber(0, 1e15).optional().describe('Bytes of the log to leave out'),
  limit: WholeNumber(0, 1 << 24)
    .optional()
    .describe('At most so many bytes; the header `log-size` then tells how many there are'),
});

export const ModelsQuery = TimedQuery.extend({
  name: Text(300).optional(),
  run: Text(300).optional().describe('Only what this run made, by its whole id'),
});

export const RegisterModel = z.strictObject({
  run: Text(300).min(1),
  name: Text(300).min(1),
  path: Text(4000).min(1).describe('In the run’s outputs or its folder, such as `outputs/model`'),
  version: Text(300).min(1).optional(),
  description: Text(10_000).optional(),
  tags: TagMap.optional(),
});

export const FindMissing = z.strictObject({ digests: z.array(ContentDigest).max(100_000) });

export const TokensQuery = TimedQuery.extend({ user: Text(100).optional().describe('Only those of this user') });

export const CreateToken = z.strictObject({
  user: Text(100).min(1),
  role: z.enum(['reader', 'contributor', 'admin']),
  expires: Text(20).optional().describe('`12h`, `90d`, `1y` or `never`; `90d` if not given'),
});

export const AuditQuery = TimedQuery.extend({
  user: Text(300).optional(),
  action: Text(300).optional(),
  subject: Text(1000).optional(),
  since: Text(40).optional().describe('A time, ISO 8601'),
});

export const AuditVerifyQuery = z.object({
  expect: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be a hash: 64 lower-case hex digits')
    .optional()
    .describe('A hash that was noted earlier: it has to be in the trail'),
});

export const AuditExportQuery = z.object({ after: WholeNumber(0, 1e15).optional().describe('The number of an entry') });
