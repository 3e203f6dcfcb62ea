import type { Migration } from 'kysely/migration';
import { createTables } from './migrations/001-tables.ts';
import { createImages } from './migrations/002-images.ts';
import { createPeople } from './migrations/003-people.ts';
import { createTasks } from './migrations/004-tasks.ts';
import { createSummaries } from './migrations/005-summaries.ts';
import { createUsage } from './migrations/006-usage.ts';
import { createContents } from './migrations/007-contents.ts';

/**
 * Forward only, in the order of their names; each stands in a file of its name. One that was released is never edited: the next one gets the
 * next number. What the two databases spell differently (columns that count up) is theirs to decide here and in the dialect, nowhere else.
 */
export const migrations: Readonly<Record<string, Migration>> = {
  '001-tables': { up: createTables },
  '002-images': { up: createImages },
  '003-people': { up: createPeople },
  '004-tasks': { up: createTasks },
  '005-summaries': { up: createSummaries },
  '006-usage': { up: createUsage },
  '007-contents': { up: createContents },
};
