import type { PackageRecord, Packed } from './pack.ts';

/** A package that a channel serves: bytes, or a file on disk. */
export type ChannelPackage = Packed | { filename: string; record: PackageRecord; path: string };
