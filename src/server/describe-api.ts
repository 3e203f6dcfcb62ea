import * as z from 'zod';
import {
  AuditEntry,
  BuildRecord,
  Definition,
  ImageRevision,
  Lock,
  ModelRecord,
  RequirementEntry,
  RunRecord,
  TokenRecord,
  UploadedFiles,
} from '../schema/index.ts';
import * as rest from '../schema/rest/index.ts';
import type { Route, RouteAnswer } from './route.ts';

type JsonValue = Record<string, unknown>;

/** The schemas that have a name of their own in the description. What is asked and what is answered differ: a default may be left out in one. */
const asked: Readonly<Record<string, z.ZodType>> = {
  UploadedFiles,
  DefinitionUpload: rest.DefinitionUpload,
  CreateVersion: rest.CreateVersion,
  ChangeVersion: rest.ChangeVersion,
  CloneVersion: rest.CloneVersion,
  BuildImages: rest.BuildImages,
  ShareVersion: rest.ShareVersion,
  TakeSharedVersion: rest.VersionToShare,
  SubmitBuild: rest.SubmitBuild,
  CheckDefinition: rest.CheckDefinition,
  PreviewLock: rest.PreviewLock,
  MakeLock: rest.MakeLock,
  SubmitRun: rest.SubmitRun,
  ReplayRun: rest.ReplayRun,
  RegisterModel: rest.RegisterModel,
  FindMissing: rest.FindMissing,
  CreateToken: rest.CreateToken,
};
const answered: Readonly<Record<string, z.ZodType>> = {
  Problem: rest.Problem,
  RequirementEntry,
  Definition,
  Lock,
  Version: rest.Version,
  VersionPage: rest.VersionPage,
  Environment: rest.Environment,
  EnvironmentPage: rest.EnvironmentPage,
  Archived: rest.Archived,
  SourceList: rest.SourceList,
  Diff: rest.Diff,
  PackageDiff: rest.PackageDiff,
  CheckResult: rest.CheckResult,
  LockList: rest.LockList,
  LockPreview: rest.LockPreview,
  LockAnswer: rest.LockAnswer,
  ImageRevision,
  ImageList: rest.ImageList,
  Image: rest.Image,
  BuiltImages: rest.BuiltImages,
  SharedVersion: rest.SharedVersion,
  VersionToShare: rest.VersionToShare,
  Run: RunRecord,
  RunPage: rest.RunPage,
  Build: BuildRecord,
  BuildPage: rest.BuildPage,
  ComputeList: rest.ComputeList,
  Model: ModelRecord,
  ModelPage: rest.ModelPage,
  ShownModel: rest.ShownModel,
  Blob: rest.Blob,
  MissingContent: rest.MissingContent,
  Token: TokenRecord,
  TokenPage: rest.TokenPage,
  CreatedToken: rest.CreatedToken,
  AuditEntry,
  AuditPage: rest.AuditPage,
  AuditCheck: rest.AuditCheck,
  Me: rest.Me,
  Diagnoses: rest.Diagnoses,
  CacheSummary: rest.CacheSummary,
  Licenses: rest.Licenses,
  Statistics: rest.Statistics,
  SharedLayers: rest.SharedLayers,
};

export interface OpenApi {
  openapi: '3.1.0';
  info: JsonValue;
  tags: { name: string }[];
  security: JsonValue[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonValue>; securitySchemes: JsonValue };
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  'x-role': string;
  security?: JsonValue[];
  parameters: { name: string; in: string; required: boolean; description?: string; schema: JsonValue }[];
  requestBody?: JsonValue;
  responses: Record<string, JsonValue>;
}

/** The description of the API (OpenAPI 3.1), made of the routes and their schemas. */
export function describeApi(prefix: string, routes: readonly Route[], version: string): OpenApi {
  const paths: OpenApi['paths'] = {};
  for (const route of routes) {
    const path = `${prefix}${route.path.replace(/:([A-Za-z]+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describe(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Terroir',
      version,
      description:
        'Reproducible environments for machine learning: environments, locks, runs and models of one workspace.',
    },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{ bearer: [] }, { basic: [] }],
    paths,
    components: {
      schemas: { ...namedSchemas(asked, 'input'), ...namedSchemas(answered, 'output') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token: `terroir token create`' },
        basic: { type: 'http', scheme: 'basic', description: 'Any user, with a token as the password' },
      },
    },
  };
}

function namedSchemas(schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Record<string, JsonValue> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { io, unrepresentable: 'any', uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(made.schemas).map(([id, schema]) => [id, withoutHeader(schema)]));
}

function withoutHeader({ $schema: _schema, $id: _id, ...schema }: JsonValue): JsonValue {
  return schema;
}

function describe(route: Route): Operation {
  const { role } = route;
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    description: route.description,
    'x-role': role,
    ...(role === 'anyone' ? { security: [] } : {}),
    parameters: [
      ...[...route.path.matchAll(/:([A-Za-z]+)/g)].map(([, name = '']) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      ...queryParameters(route.query),
      ...(route.headers ?? []).map(({ name, description }) => ({
        name,
        in: 'header',
        required: false,
        description,
        schema: { type: 'string' },
      })),
    ],
    requestBody: bodyOf(route),
    responses: {
      ...Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, describeAnswer(answer)])),
      default: {
        description: 'Something went wrong',
        content: { 'application/problem+json': { schema: reference('Problem') } },
      },
    },
  };
}

function queryParameters(query: z.ZodType | undefined): Operation['parameters'] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as JsonValue;
    return {
      name,
      in: 'query',
      required: required.includes(name),
      ...(typeof description === 'string' ? { description } : {}),
      schema: rest,
    };
  });
}

function bodyOf({ body, rawBody, optionalBody = false }: Route): JsonValue | undefined {
  if (rawBody !== undefined) return { required: true, content: { [rawBody]: { schema: {} } } };
  if (body === undefined) return undefined;
  return { required: !optionalBody, content: { 'application/json': { schema: refer(body, asked) } } };
}

function describeAnswer({ description, schema, contentType }: RouteAnswer): JsonValue {
  if (schema !== undefined)
    return { description, content: { 'application/json': { schema: refer(schema, answered) } } };
  return contentType === undefined
    ? { description }
    : { description, content: { [contentType]: { schema: { type: 'string' } } } };
}

function refer(schema: z.ZodType, among: Readonly<Record<string, z.ZodType>>): JsonValue {
  const found = Object.entries(among).find(([, each]) => each === schema);
  if (found === undefined) throw new Error('a schema without a name in the description');
  return reference(found[0]);
}

function reference(name: string): JsonValue {
  return { $ref: `#/components/schemas/${name}` };
}
