import { expect, test } from 'vitest';
import { parseChallenges } from './challenge.ts';

test.each<[string, ReturnType<typeof parseChallenges>]>([
  ['', []],
  ['Basic', [{ scheme: 'basic', parameters: {} }]],
  ['Basic realm="here, there"', [{ scheme: 'basic', parameters: { realm: 'here, there' } }]],
  [
    'Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push"',
    [
      {
        scheme: 'bearer',
        parameters: { realm: 'https://auth.example/token', service: 'registry', scope: 'repository:a/b:pull,push' },
      },
    ],
  ],
  [
    'BEARER Realm = "x" , error=insufficient_scope, Basic realm="say \\"hi\\""',
    [
      { scheme: 'bearer', parameters: { realm: 'x', error: 'insufficient_scope' } },
      { scheme: 'basic', parameters: { realm: 'say "hi"' } },
    ],
  ],
  [
    'Negotiate, Basic realm=x',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'x' } },
    ],
  ],
  [
    'Negotiate YWJj==, Basic realm=x',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'x' } },
    ],
  ],
  ['realm="x"', []],
  ['Basic realm="never closed', [{ scheme: 'basic', parameters: {} }]],
])('%s', (header, challenges) => expect(parseChallenges(header)).toEqual(challenges));
