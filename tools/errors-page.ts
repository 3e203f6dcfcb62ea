import { errorCodes } from '../src/errors/index.ts';

/** docs/errors.md, from the table of codes. */
export function errorsPage(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { exit, status, meaning }]) => `| \`${code}\` | ${exit} | ${status} | ${meaning} |`,
  );
  return `${[
    '# Errors',
    '',
    'Every error has a stable code, a message that says what failed, and mostly a hint that says what to do.',
    'With `--json` an error is printed to stdout as `{"error": {"code", "message", "hint", "details"}}`.',
    '',
    'Exit codes: 0 done; 2 usage; 3 invalid definition; 4 not found; 5 conflict; 6 unsolvable; 7 integrity; 8 unreachable; 9 not permitted;',
    '70 a defect in Terroir; 130 interrupted. `run`, `runs replay` and `env exec` end with the script’s own code; what failed before or',
    'around the script ends with 100 + the code of the table.',
    '',
    '| code | exit | HTTP | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')}\n`;
}
