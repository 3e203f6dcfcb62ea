/** What a snapshot may hold, unless the caller says otherwise. */
export const limits = {
  /** Bytes. */
  size: 300_000_000,
  files: 100_000,
} as const;
