import { describe, expect, test } from 'vitest';
import { findSecrets, findSecretsInWords } from './find-secrets.ts';

const hf = `hf_${'aB3d'.repeat(8)}`;
const random = 'mK9xQ2vL7pR4tW8zB3nF6hJ1dG5sA0yUeXc2Vb9Q';

describe('what looks like a secret in a command', () => {
  test.each<[string, string[]]>([
    [`python t.py --token ${hf}`, [hf]],
    [`python t.py '${hf}' && echo ${hf}`, [hf]],
    ['python t.py --password hunter2 --trees 3', ['hunter2']],
    ['python t.py --password very-secret', ['very-secret']],
    ['python t.py --db-password="it is long" --api-key=abcd', ['it is long', 'abcd']],
    ['WANDB_API_KEY=0123abcd python t.py wandb.api_key=4567abcd', ['0123abcd', '4567abcd']],
    ["export HF_TOKEN='plain words'; python t.py", ['plain words']],
    ['python t.py --hf-token plain --clientSecret alsoplain', ['plain', 'alsoplain']],
    ['pip download --index-url https://me:pass@host.example/simple', ['me:pass']],
    [`git clone https://${'x'.repeat(20)}@host.example/a`, ['x'.repeat(20)]],
    ['curl "https://a.blob/x?sv=1&sig=abcdef&se=2"', ['abcdef']],
    ["az --connection 'AccountName=a;AccountKey=abc==;EndpointSuffix=x'", ['abc==']],
    [`python t.py ${random} x=${random}`, [random]],
    [`python t.py sk-proj-${'aB3d'.repeat(8)}`, [`sk-proj-${'aB3d'.repeat(8)}`]],
    [
      'curl -H "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.sig-x"',
      ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.sig-x'],
    ],
  ])('%s', (text, secrets) => {
    expect(findSecrets(text).sort()).toEqual(secrets.sort());
  });

  test.each([
    'python train.py --trees 200 --lr 1e-3 --data /data/iris.csv --seed 1234',
    'python t.py --token $HF_TOKEN --password "$PASSWORD" --api-key ${KEY} --secret `cat s` --token $(cat t)',
    'python t.py --token ${{inputs.token}} $[[--api-key ${{inputs.key}}]]',
    'HF_TOKEN="$HF_TOKEN" PASSWORD= python t.py',
    'git clone https://$TOKEN@host.example/a https://me:$TOKEN@host.example/b git+ssh://git@host.example/c',
    'python t.py --pad-token [PAD] --mask_token MASKED --initializer-token puppy --max-token 512 --num-tokens 4096',
    'python t.py --token-file token.txt --password-file /run/secrets/password --api-key-name WANDB_KEY',
    'python t.py --use-auth-token data.csv --token true --secret none --password --verbose',
    'python -c "import os; login(token=os.environ[\'HF_TOKEN\'], password=password); f(password=getpass())"',
    'python sk_learn_forest_with_many_trees.py pk_fit_population_model_v2 sk-linear-regression-baseline',
    'PWD=/home/me python t.py e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    `python t.py /cache/${random}/model --primary-key id --key value`,
  ])('not in %s', (text) => {
    expect(findSecrets(text)).toEqual([]);
  });

  test.each<[string[], string[]]>([
    [['python', 't.py', '--token', 'a b c', '--password', '--verbose'], ['a b c']],
    [['sh', '-c', `python t.py --token ${hf}`], [hf]],
    [['--env', 'API_KEY=abcd', '--gpus', 'all'], ['abcd']],
    [['python', 't.py', '--api-key=abcd', 'token', 'words'], ['abcd']],
  ])('as words: %j', (words, secrets) => {
    expect(findSecretsInWords(words)).toEqual(secrets);
  });
});
