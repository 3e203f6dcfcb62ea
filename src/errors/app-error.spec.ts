import { expect, it } from 'vitest';
import { AppError } from './app-error.ts';

it('shows no credentials: not in its message, its hint or anywhere in its details', () => {
  const url = 'https://ann:secret@x.org/y';
  const problem = { message: `\`${url}\` is odd`, position: { file: 'a', line: 1 } };
  const error = new AppError('USAGE', `no ${url}`, { hint: `not ${url}`, details: { problems: [problem], url, n: 1 } });
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('secret');
  expect(error.details).toEqual({
    problems: [{ message: '`https://***@x.org/y` is odd', position: { file: 'a', line: 1 } }],
    url: 'https://***@x.org/y',
    n: 1,
  });
});
