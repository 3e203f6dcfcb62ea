/**
 * The machine's store: package archives as their channel serves them, and wheels unpacked once.
 *
 * Invariants: an archive is in the store only if its bytes have its digest; an unpacked wheel only if every member was inflated to its end with
 * exactly the declared size and CRC. Files are read-only. `index.json` and a rename come last, so nothing is ever seen half-made.
 *
 * Tree:
 *   <root>/archives/<2>/<sha256>            an archive
 *   <root>/unpacked/<2>/<sha256>/index.json what is in a wheel, with the digest of each file
 *   <root>/unpacked/<2>/<sha256>/files/     its files
 *   <root>/prefixes/                        see src/prefix
 *   <root>/tmp/                             what is being made; leftovers are swept
 *   <root>/locks/                           lock files between processes
 */
export { recordLines } from './record-lines.ts';
export { createStore, type GcOptions, type Store, type StoreSummary } from './store.ts';
export { type UnpackedFile, UnpackedWheel } from './unpacked-wheel.ts';
