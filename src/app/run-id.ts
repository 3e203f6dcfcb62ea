import { randomBytes } from 'node:crypto';

const moods = ['amber', 'brisk', 'calm', 'clever', 'cosy', 'crisp', 'deep', 'eager', 'early', 'fair', 'gentle', 'golden', 'green', 'happy', 'honest', 'jolly', 'keen', 'kind', 'lively', 'lucky', 'mellow', 'merry', 'neat', 'noble', 'proud', 'quick', 'quiet', 'ripe', 'rosy', 'sunny', 'swift', 'warm'];
const things = ['acorn', 'barrel', 'berry', 'bottle', 'branch', 'cellar', 'chalk', 'cork', 'field', 'flint', 'garden', 'glass', 'grape', 'hill', 'leaf', 'loam', 'meadow', 'oak', 'orchard', 'press', 'river', 'root', 'season', 'slope', 'soil', 'stone', 'tendril', 'trellis', 'valley', 'vine', 'vintage', 'willow'];
const letters = 'abcdefghjkmnpqrstuvwxyz23456789';

/** A name for a run that can be said aloud: `brisk_vine_x7k2m9`. */
export function createRunId(): string {
  const bytes = randomBytes(8);
  const pick = (list: readonly string[] | string, byte: number): string => list[byte % list.length] ?? '';
  const tail = [...bytes.subarray(2)].map((byte) => pick(letters, byte)).join('');
  return `${pick(moods, bytes[0] ?? 0)}_${pick(things, bytes[1] ?? 0)}_${tail}`;
}
