import type * as z from 'zod';

export interface Issue {
  /** Such as `tags.team`; empty for the whole. */
  path: string;
  message: string;
}

/** What a schema found wrong; `first` says where, and what. */
export function describeIssues(error: z.ZodError): { first: string; issues: Issue[] } {
  const issues = error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
  const [first] = issues;
  return { first: `${first?.path ? `\`${first.path}\`: ` : ''}${first?.message ?? ''}`, issues };
}
