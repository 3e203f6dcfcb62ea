/**
 * The machine's store: package archives as their channel serves them, and wheels and conda packages unpacked once.
 *
 * Invariants: an archive is in the store only if its bytes have its digest; an unpacked wheel only if every member was inflated to its end with
 * exactly the declared size and CRC; an unpacked conda package only if its streams ended where they should, and every listed path is there with
 * the type, size and digest that the package says. Nothing is ever written through a link. Files are read-only; what is made comes by a rename and what is removed leaves by one, so nothing is ever seen
 * half-made or half-gone, also when a process is killed. Locks end with their holder, and lock files are never deleted but by `gc`, while nobody
 * holds or waits for one.
 *
 * Two processes: one makes a thing, the others wait (a lock for each archive, package and prefix). Whoever installs holds the store's lock shared;
 * `gc` holds it alone, so that nothing goes between the look and the link.
 *
 * Tree:
 *   <root>/archives/<2>/<sha256>          an archive
 *   <root>/unpacked/<2>/<sha256>/index    what is in a package, sealed by a digest; its time is that of the last use
 *   <root>/unpacked/<2>/<sha256>/record   of a wheel: digest and size of each file, as RECORD has them
 *   <root>/unpacked/<2>/<sha256>/files/   its files; of a conda package also its `info/`
 *   <root>/prefixes/                      see src/prefix
 *   <root>/tmp/archive-<sha256>           a download that may be resumed
 *   <root>/tmp/unpack-<sha256>            a package that is being unpacked; who takes the lock next clears it
 *   <root>/tmp/prefix-<key>               the same for a prefix
 *   <root>/tmp/gone-<random>              what is being removed
 *   <root>/locks/                         lock files between processes
 */

export { compareFile } from './compare-file.ts';
export { type CondaArchives, openCondaArchives } from './conda-archives.ts';
export { discard } from './discard.ts';
export { type Inflater, openInflater } from './inflater.ts';
export { type RecordedFile, readRecordLines, recordLines } from './record-lines.ts';
export { createStore, type GcOptions, type Store, type StoreSummary } from './store.ts';
export type { CondaFile, UnpackedConda } from './unpacked-conda.ts';
export { readWheelIndex, type SpreadFile, type UnpackedWheel } from './unpacked-wheel.ts';
export { readWheelLicense } from './wheel-license.ts';
export { openWheelReader, type WheelMember, type WheelReader } from './wheel-reader.ts';
export { filesOf, isFolderLine, readTree, treeText, type WheelTree } from './wheel-tree.ts';
