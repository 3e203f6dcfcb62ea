import { expect, it } from 'vitest';
import { uvError } from './uv-errors.ts';

const said = (line: string): string =>
  `error: Failed to download \`six @ https://x.org/six.zip\`\n  cause: Failed to fetch: \`https://x.org/six.zip\`\n  cause: ${line}\n`;

it.each([
  ['HTTP status client error (404 Not Found) for url (https://x.org/six.zip)', 'HTTP_ERROR'],
  ['HTTP status client error (404 File not found) for url (https://x.org/six.zip)', 'HTTP_ERROR'],
  ['HTTP status client error (410 ) for url (https://x.org/six.zip)', 'HTTP_ERROR'],
  ['HTTP status client error (401 Unauthorized) for url (https://x.org/six.zip)', 'UNAUTHORIZED'],
  ['HTTP status server error (503 ) for url (https://x.org/six.zip)', 'UNREACHABLE'],
  ['client error (Connect)', 'UNREACHABLE'],
])('%s is %s', (line, code) => {
  expect(uvError(said(line), 'resolving', false).code).toBe(code);
});
