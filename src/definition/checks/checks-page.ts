import { checkRules } from './rules.ts';

/** docs/checks.md, from the rules. */
export function checksPage(): string {
  const sections = checkRules.map(({ code, severity, title, explanation, example, azure, fixable }) =>
    [
      `### ${code}`,
      '',
      `**${title}** (${severity}${fixable === true ? ', `--fix` repairs it' : ''}${azure === true ? ', also a rule of Azure ML' : ''}). ${explanation}`,
      '',
      '```text',
      example,
      '```',
      '',
    ].join('\n'),
  );
  return `${[
    '# Checks',
    '',
    '`terroir env check FILE` analyses a definition before anything is resolved or built. Errors will surely fail or leak a secret; warnings will',
    'probably surprise somebody; notes are worth knowing. It ends with 3 if there are errors (with `--strict`: or warnings).',
    '',
    '`--fix` repairs what can be repaired and pins what is not pinned to the versions of the lock; comments, order and spacing stay.',
    '',
    'What cannot be read is refused before any rule looks at it, with `INVALID_DEFINITION` and each problem in `details.problems`. Two of those are rules of',
    'Azure ML, on v1 folders, and have a `code` there: `python-section-missing` and `conda-dependencies-missing`.',
    '',
    ...sections,
  ]
    .join('\n')
    .trimEnd()}\n`;
}
