import type { CheckRule } from './finding.ts';
import { condaRules } from './rules-conda.ts';
import { dockerRules } from './rules-docker.ts';
import { headerRules } from './rules-header.ts';
import { indexRules } from './rules-indexes.ts';
import { packageRules } from './rules-packages.ts';
import { pythonRules } from './rules-python.ts';
import { readingRules } from './rules-reading.ts';
import { placeholderRules, secretRules } from './rules-secrets.ts';

/** Every rule. */
export const checkRules: readonly CheckRule[] = [
  ...headerRules,
  ...readingRules,
  ...dockerRules,
  ...pythonRules,
  ...packageRules,
  ...indexRules,
  ...condaRules,
  ...secretRules,
  ...placeholderRules,
];
