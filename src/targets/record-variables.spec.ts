import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { recordVariables, secretHash } from './index.ts';

const secretKey = Buffer.alloc(32, 1);
const record = (name: string, value: string, isSecret?: (name: string) => boolean) =>
  recordVariables({ [name]: value }, { secretKey, isSecret })[name];

describe('values that a record hides', () => {
  test.each([
    ['PASSWORD', 'hunter2'],
    ['DB_PASSWD', '1234'],
    ['apiKey', 'abc'],
    ['MY_API_KEY', 'abc'],
    ['AZURE_STORAGE_ACCOUNT_KEY', 'x'],
    ['HF_TOKEN', 'hf_x'],
    ['WANDB_API_KEY', 'x'],
    ['CLIENT_SECRET', 'x'],
    ['AWS_SECRET_ACCESS_KEY', 'x'],
    ['CONNECTION_STRING', 'x'],
    ['GOOGLE_APPLICATION_CREDENTIALS_JSON', '{}'],
    ['X', `ghp_${'a1B2'.repeat(9)}`],
    ['X', 'AKIAIOSFODNN7EXAMPLE'],
    ['X', `hf_${'aB3d'.repeat(8)}`],
    ['X', `sk-proj-${'aB3d'.repeat(8)}`],
    ['X', `xoxb-${'1'.repeat(12)}-abc`],
    ['X', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.sig'],
    ['X', '-----BEGIN RSA PRIVATE KEY-----\nabc'],
    ['X', 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abc==;EndpointSuffix=x'],
    ['X', 'https://a.blob/x?sv=1&sig=abcdef'],
    ['X', 'mK9xQ2vL7pR4tW8zB3nF6hJ1dG5sA0yUeXc2Vb9Q'],
  ])('%s=%s', (name, value) => {
    expect(record(name, value)).toEqual({
      secret: createHmac('sha256', secretKey).update(value).digest('hex').slice(0, 16),
    });
  });
});

describe('values that it shows', () => {
  test.each([
    ['OMP_NUM_THREADS', '4'],
    ['TOKENIZERS_PARALLELISM', 'false'],
    ['MAX_TOKEN', '128'],
    ['USE_AUTH_TOKEN', 'true'],
    ['PRIMARY_KEY', 'id'],
    ['KEYBOARD', 'de'],
    ['AUTHOR', 'me'],
    ['COMPASS', 'north'],
    ['PWD', '/home/me'],
    ['PASSWORD', ''],
    ['DIGEST', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['RUN', '123e4567-e89b-12d3-a456-426614174000'],
    ['DATA', '/very/long/Path/To/Some/Data/With/Mixed/Case/And/2/Digits'],
    ['MODEL', 'facebook-bart-large-cnn-finetuned-on-SQuAD2-and-more'],
    ['INDEX', 'https://pypi.example.com/simple'],
  ])('%s=%s', (name, value) => {
    expect(record(name, value)).toBe(value);
  });

  test('without user info', () => {
    const value = 'https://me:pw@pypi.example.com/simple';
    expect(record('INDEX', value)).toEqual({
      secret: secretHash(value, secretKey),
      shown: 'https://pypi.example.com/simple',
    });
  });
});

test('what is told to be secret is', () => {
  expect(record('PLAIN', 'value', (name) => name === 'PLAIN')).toEqual({
    secret: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
});

test('a hash tells only whether the value changed, and only in this workspace', () => {
  const other = recordVariables({ TOKEN: 'a' }, { secretKey: Buffer.alloc(32, 2) }).TOKEN;
  expect(record('TOKEN', 'a')).toEqual(record('TOKEN', 'a'));
  expect(record('TOKEN', 'a')).not.toEqual(record('TOKEN', 'b'));
  expect(record('TOKEN', 'a')).not.toEqual(other);
});
