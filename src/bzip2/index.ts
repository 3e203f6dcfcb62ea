/**
 * bzip2, inflated: packages of conda's older format and channels' records come in it. Pure: bytes are asked for and handed on.
 *
 * Invariants: memory stays below 16 MB whatever a stream says; the checksum of every block and that of the whole are compared.
 */
export { type Bzip2Problem, bzip2Blocks } from './bzip2-decoder.ts';
