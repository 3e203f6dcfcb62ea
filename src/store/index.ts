/**
 * The content-addressed store of a machine: archives as channels serve them, and wheels unpacked once.
 *
 * Invariants: what has its final name is complete and was verified; files of unpacked wheels are read-only, because prefixes share them by
 * hard link; an archive is fetched and a wheel unpacked by one process at a time. What a member of an archive says about itself counts for
 * nothing until its bytes were read to the end and agree (`zip/`).
 *
 * ```
 * <root>/archives/<2>/<sha256>.whl            read-only
 * <root>/unpacked/<2>/<sha256>/files/…        read-only
 * <root>/unpacked/<2>/<sha256>/index.json     written last: paths, sizes, digests, facts of the dist-info folder
 * <root>/prefixes/<key>/                      written by src/prefix
 * <root>/tmp/                                 what is being made, and downloads to be continued
 * <root>/locks/                               empty files that the kernel's locks hang on
 * ```
 */
export {
  type ArchiveOptions,
  createStore,
  type Damage,
  type FetchArchive,
  type GarbageOptions,
  type OnProgress,
  type Store,
  type StoreFacts,
  type StoreOptions,
  type Tally,
  type VerifyOptions,
  type WantedArchive,
} from './store.ts';
export type { EntryPoint, PythonScript, UnpackedWheel, WheelFacts, WheelFile } from './unpacked-wheel.ts';
