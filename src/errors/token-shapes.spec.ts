import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasTokenShape } from './index.ts';

describe('a token is known by its shape', () => {
  it.each([
    `ghp_${'a1B2'.repeat(9)}`,
    `github_pat_${'a1B2'.repeat(9)}`,
    `glpat-${'a1B2'.repeat(5)}`,
    'AKIAIOSFODNN7EXAMPLE',
    'ASIAIOSFODNN7EXAMPLE',
    `hf_${'aBcD'.repeat(9)}`,
    `npm_${'a1B2'.repeat(9)}`,
    `dapi${'0123abcd'.repeat(4)}`,
    `dapi${'0123abcd'.repeat(4)}-2`,
    `AIza${'a1-B2'.repeat(7)}`,
    `pypi-AgEIcHlwaS5vcmc${'a1_B2'.repeat(9)}`,
    `sk-${'aB3d'.repeat(12)}`,
    `sk-${'a0b1'.repeat(8)}`,
    `sk-proj-${'aB3d'.repeat(8)}`,
    `sk-ant-api03-${'aB3d'.repeat(20)}-AA`,
    `sk_live_${'aB3d'.repeat(6)}`,
    `xoxb-${'1'.repeat(12)}-abc`,
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.sig',
    `AccountName=a;AccountKey=${'aB3d'.repeat(20)}==;EndpointSuffix=x`,
    `https://a.blob/x?sv=1&sig=${'aB3%2'.repeat(8)}`,
    '-----BEGIN RSA PRIVATE KEY-----',
  ])('%s', (token) => {
    for (const text of [token, `X=${token}`, `curl -H "Authorization: Bearer ${token}" https://example.com`])
      expect(hasTokenShape(text)).toBe(true);
  });
});

describe('what only begins like one is none', () => {
  it.each([
    'https://pypi-mirror-of-the-whole-company.example.com/simple',
    'sk-learn-contrib-with-a-long-name',
    'sk_buff_something_very_long_indeed',
    'disk-0123456789abcdef0123456789abcdef',
    'xoxo-hugs-and-kisses',
    'ASIAPACIFICSOUTHEAST',
    'AKIA',
    'hf_hub_download_with_a_long_name_of_words',
    'HF_HUB_ENABLE_HF_TRANSFER=1',
    'npm_config_update_notifier',
    'dapi-is-a-word',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '123e4567-e89b-12d3-a456-426614174000',
    'https://example.com/x?sig=1&signature=none',
    'AccountKey=${KEY}',
    '-----BEGIN CERTIFICATE-----',
    'https://files.pythonhosted.org/packages/1a/2b/numpy-2.3.5-cp312-cp312-manylinux_2_27_x86_64.whl',
  ])('%s', (text) => {
    expect(hasTokenShape(text)).toBe(false);
  });

  it('and words are none, however they are joined', () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    const first = fc.constantFrom('sk', 'pk', 'rk', 'hf', 'pypi', 'npm', 'xoxb', 'dapi', 'ghp', 'task', '');
    fc.assert(
      fc.property(
        first,
        fc.array(word, { maxLength: 8 }),
        fc.constantFrom('-', '_', '/', '.', ' '),
        (head, words, by) => {
          expect(hasTokenShape([head, ...words].join(by))).toBe(false);
        },
      ),
    );
  });
});
