import type * as z from 'zod';
import type * as rest from '../../src/schema/rest/index.ts';

export type {
  BuildRecord,
  ImageRevision,
  Lock,
  LockedPackage,
  ModelRecord,
  PlatformImage,
  RunRecord,
} from '../../src/schema/index.ts';
export type { Problem } from '../../src/schema/rest/index.ts';
export type Version = z.infer<typeof rest.Version>;
export type Environment = z.infer<typeof rest.Environment>;
export type LockAnswer = z.infer<typeof rest.LockAnswer>;
export type Licenses = z.infer<typeof rest.Licenses>;
export type LockList = z.infer<typeof rest.LockList>;
export type CacheSummary = z.infer<typeof rest.CacheSummary>;
export type Statistics = z.infer<typeof rest.Statistics>;
export type SharedLayers = z.infer<typeof rest.SharedLayers>;
export type ImageList = z.infer<typeof rest.ImageList>;
export type Diff = z.infer<typeof rest.Diff>;
export type CheckResult = z.infer<typeof rest.CheckResult>;
export type ShownModel = z.infer<typeof rest.ShownModel>;
export type Me = z.infer<typeof rest.Me>;
export type Sources = z.infer<typeof rest.SourceList>;

export interface Page<T> {
  items: T[];
  next: string | null;
}
