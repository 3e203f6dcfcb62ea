import * as z from 'zod';
import { AppError } from '../errors/index.ts';
import { describeIssues, RunStatus } from '../schema/index.ts';
import * as rest from '../schema/rest/index.ts';
import type { Terroir } from './types.ts';

const Word = rest.ReferenceText;
const Page = z.strictObject({ limit: z.int().min(1).max(1000).optional(), cursor: z.string().optional() });
const Timed = Page.extend({ sort: rest.TimedQuery.shape.sort });
const Tags = z.array(z.string()).optional();
const Header = rest.CreateVersion.pick({ name: true, version: true, description: true, tags: true });
const Archived = rest.VersionsQuery.shape.archived;
const Secrets = rest.SubmitRun.shape.secrets;
const Path = z.string().min(1);

const FileDefinition = z.strictObject({ file: Path });
const TextDefinition = rest.DefinitionUpload.pick({ text: true, path: true });
const definitionOf = (value: unknown): z.ZodType => (has(value, 'file') ? FileDefinition : TextDefinition);

const RunOptions = rest.SubmitRun.omit({ code: true, files: true, compute: true }).extend({ code: Path.optional() });
const JobRun = RunOptions.omit({ command: true }).extend({ job: Path });
const CommandRun = RunOptions.omit({ job: true, inputs: true }).required({ environment: true, command: true });

type Arguments = readonly unknown[];

/** What each call takes. A program in JavaScript has no types, and what a folder takes from it is there to stay. */
const inputs: Partial<Record<keyof Terroir, z.ZodType | ((given: Arguments) => z.ZodType)>> = {
  register: ([definition]) => z.tuple([definitionOf(definition), Header.optional()]),
  environments: z.tuple([
    Page.extend({ search: z.string().optional(), tags: Tags, archived: Archived })
      .extend(rest.EnvironmentsQuery.pick({ category: true, sort: true }).shape)
      .optional(),
  ]),
  versions: z.tuple([Word, Timed.extend({ archived: Archived, tags: Tags }).optional()]),
  show: z.tuple([Word]),
  archive: z.tuple([Word]),
  restore: z.tuple([Word]),
  update: z.tuple([Word, Header.pick({ description: true, tags: true }).extend({ removeTags: names() })]),
  delete: z.tuple([Word, z.strictObject({ purge: z.boolean().optional() }).optional()]),
  clone: z.tuple([Word, rest.CloneVersion]),
  diff: z.tuple([Word, Word, z.strictObject({ platform: z.string().optional() }).optional()]),
  check: ([what]) => z.tuple([typeof what === 'string' ? Word : definitionOf(what)]),
  lock: z.tuple([Word, z.strictObject({ platform: z.string().optional(), relock: z.boolean().optional() }).optional()]),
  build: z.tuple([Word, rest.BuildImages.optional()]),
  image: z.tuple([
    Word,
    z.strictObject({ platform: z.string().optional(), revision: z.int().min(1).optional() }).optional(),
  ]),
  run: ([input]) => z.tuple([has(input, 'job') ? JobRun : CommandRun]),
  runs: z.tuple([Timed.extend({ status: RunStatus.optional(), environment: Word.optional() }).optional()]),
  showRun: z.tuple([z.string()]),
  wait: z.tuple([z.string()]),
  cancel: z.tuple([z.string()]),
  replay: z.tuple([z.string(), z.strictObject({ secrets: Secrets }).optional()]),
  registerModel: z.tuple([rest.RegisterModel]),
  models: z.tuple([Timed.extend({ name: z.string().optional(), run: z.string().optional() }).optional()]),
  showModel: z.tuple([z.string()]),
  tokens: z.tuple([Timed.extend({ user: z.string().optional() }).optional()]),
  createToken: z.tuple([rest.CreateToken.partial({ role: true })]),
  revokeToken: z.tuple([z.string()]),
  audit: z.tuple([
    Timed.extend(rest.AuditQuery.pick({ user: true, action: true, subject: true, since: true }).shape).optional(),
  ]),
};

/** The same calls, which refuse what they cannot take, and do nothing then. */
export function checkInputs(terroir: Terroir): Terroir {
  const calls = { ...terroir };
  for (const name of Object.keys(inputs) as (keyof Terroir)[]) {
    const call = terroir[name] as (...given: Arguments) => Promise<unknown>;
    const checked = async (...given: Arguments): Promise<unknown> => {
      refuse(name, given);
      return await call(...given);
    };
    Object.assign(calls, { [name]: checked });
  }
  return calls;
}

function refuse(name: keyof Terroir, given: Arguments): void {
  const input = inputs[name];
  const schema = typeof input === 'function' ? input(given) : input;
  const { error } = schema?.safeParse(given) ?? {};
  if (error === undefined) return;
  // By the names in it: which of the arguments it is, is plain from them.
  for (const { path } of error.issues) path.shift();
  const { first, issues } = describeIssues(error);
  throw new AppError('USAGE', `\`${name}\` does not take this: ${first}`, { details: { issues }, cause: error });
}

function names(): z.ZodType {
  return z.array(z.string()).optional();
}

function has(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && key in value;
}
