export type LeftOutReason =
  /** A rule of `.amlignore` or `.gitignore`. */
  | 'ignored'
  /** `.git`, `.terroir`, `__pycache__`, virtual environments. */
  | 'generated'
  /** `.env*`, private keys and the like. */
  | 'secret'
  /** A link that points out of the folder. */
  | 'outside'
  /** A socket, device or pipe; a name that is not UTF-8; a file that may not be read. */
  | 'unusable';

/** The topmost path that was left out; a folder ends with `/`. */
export interface LeftOut {
  path: string;
  reason: LeftOutReason;
}
