import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../../test/kit/memory-files.ts';
import { readDefinition } from '../index.ts';
import { checkDefinition, findSecrets } from './index.ts';

async function read(text: string, files: Readonly<Record<string, string>> = {}, path = 'env.yml') {
  return await readDefinition({ path, text }, memoryFiles({ ...files, [path]: text }));
}
async function secretsIn(text: string, files?: Readonly<Record<string, string>>) {
  return findSecrets(await read(text, files)).map(({ code }) => code);
}
const places = async (text: string, files?: Readonly<Record<string, string>>) =>
  checkDefinition(await read(text, files)).map(
    ({ code, position }) => `${code} ${position?.file}:${position?.line}:${position?.column}`,
  );
const step = (line: string): string => `image: a:1\ndocker_steps: |\n  USER root\n  ${line}\n`;

describe('secrets of a definition', () => {
  it('are found in the variables of a conda file', async () => {
    const conda = 'dependencies: [python=3.12]\nvariables:\n  A: b\n  HF_TOKEN: hush\n';
    expect(await places('conda_file: c.yml\n', { 'c.yml': conda })).toContain('secret-in-variable c.yml:4:13');
    expect(await places(`conda_file:\n  ${conda.trim().replaceAll('\n', '\n  ')}\n`)).toContain(
      'secret-in-variable env.yml:5:15',
    );
  });

  it.each([
    'ENV API_TOKEN abc',
    'ENV API_TOKEN=abc',
    'ENV A=b API_TOKEN="a b"',
    "ARG DB_PASSWORD='a b'",
    'RUN pip install -i https://me:pw@host/simple x',
    'RUN git clone https://me:pw@host/x.git',
    'ENV PIP_INDEX_URL=https://me:pw@host/simple',
    `RUN curl -H "Authorization: Bearer ghp_${'a1B2'.repeat(9)}" https://host`,
    `ENV OPENAI=sk-proj-${'aB3d'.repeat(8)}`,
  ])('are found in a step and in a Dockerfile: %s', async (line) => {
    expect(await places(step(line))).toContain('secret-in-steps env.yml:4:3');
    const files = { 'c/D': `FROM a:1\n\n${line}\n` };
    expect(await places('build: { path: c, dockerfile_path: D }\n', files)).toContain('secret-in-steps c/D:3:1');
  });

  it.each([
    ['X', `dapi${'0123abcd'.repeat(4)}`],
    ['X', 'ASIAIOSFODNN7EXAMPLE'],
    ['X', `AIza${'a1-B2'.repeat(7)}`],
    ['X', `pypi-AgEIcHlwaS5vcmc${'a1_B2'.repeat(9)}`],
    ['PIP_INDEX_URL', 'https://me:pw@host/simple'],
    ['DATABASE_URL', 'postgresql://me:pw@host/db'],
    ['DB_PASSWORD', '1234'],
    ['DB_PASSWORD', '$a!b'],
    ['AWS_SECRET_ACCESS_KEY', '/aB3d+aB3d'],
    ['MYTOKEN', 'abc'],
  ])('are found in a variable: %s=%s', async (name, value) => {
    expect(await secretsIn(`image: a:1\nenvironment_variables: { ${name}: "${value}" }\n`)).toEqual([
      'secret-in-variable',
    ]);
  });

  it.each([
    ['MAX_TOKEN', '128'],
    ['TOKEN_LIMIT', '4096'],
    ['USE_AUTH_TOKEN', 'true'],
    ['PAD_TOKEN', '<pad>'],
    ['MASK_TOKEN', '[MASK]'],
    ['TOKENIZERS_PARALLELISM', 'false'],
    ['GOOGLE_APPLICATION_CREDENTIALS', '/run/secrets/gcp.json'],
    ['PASSWORD_FILE', '/run/secrets/Password'],
    ['SECRET_NAME', 'my-vault-entry'],
    ['TOKEN_URL', 'https://login.example.com/oauth2/token'],
    ['API_KEY_HEADER', 'X-Api-Key'],
    ['HF_TOKEN', ''],
    ['HF_TOKEN', '${HF_TOKEN}'],
    ['HF_TOKEN', 'secret:HF_TOKEN'],
    ['HTTPS_PROXY', 'http://proxy.example.com:3128'],
    ['PIP_INDEX_URL', 'https://${USER}:${TOKEN}@host/simple'],
    ['DATABASE_URL', 'postgresql://<user>:<password>@host/db'],
    ['BASE', `docker://debian:12@sha256:${'a'.repeat(64)}`],
    ['KEYBOARD', 'de'],
    ['MODEL', 'sk-learn-contrib-with-a-long-name'],
  ])('are none in a variable: %s=%s', async (name, value) => {
    expect(await secretsIn(`image: a:1\nenvironment_variables: { ${name}: "${value}" }\n`)).toEqual([]);
    expect(await secretsIn(step(`ENV ${name}="${value}"`))).toEqual([]);
  });

  it.each([
    'ENV PATH /opt/x/bin:$PATH',
    'ENV API_TOKEN $API_TOKEN',
    'ARG API_TOKEN',
    'ARG API_TOKEN=',
    "ENV API_TOKEN=''",
    'RUN --mount=type=secret,id=token pip install -i https://me:$(cat /run/secrets/token)@host/simple x',
    'RUN pip install -i "https://$USER:$TOKEN@host/simple" x',
    'RUN git clone https://team@dev.azure.com/team/project/_git/x',
    'RUN git clone ssh://git@host:22/x.git',
    'RUN curl -fsSL https://host:8443/a@1.2/b | sh',
    'RUN npm install @scope/x@1.2 --registry https://host:8443/npm/',
    'RUN echo "deb [signed-by=/k.gpg] https://host/apt stable main" > /etc/apt/sources.list.d/x.list',
    'RUN pip install -i https://pypi-mirror-of-the-whole-company.example.com/simple x',
    'LABEL maintainer="A <a@example.com>" url="https://example.com"',
  ])('are none in a step: %s', async (line) => {
    expect(await secretsIn(step(line))).toEqual([]);
    expect(await secretsIn('build: { path: c }\n', { 'c/Dockerfile': `FROM a:1\n${line}\n` })).toEqual([]);
  });
});

describe('values that somebody hopes to have filled in', () => {
  it.each([
    ['${API_TOKEN}', 'API_TOKEN'],
    ['$API_TOKEN', 'API_TOKEN'],
    ['secret:MY_TOKEN', 'MY_TOKEN'],
    ['Bearer ${MY_TOKEN}', 'MY_TOKEN'],
    ['$HOME/cache', 'HOME'],
  ])('are told, with what to write in the job: %s', async (value, meant) => {
    for (const text of [
      `image: a:1\nenvironment_variables: { X: "${value}" }\n`,
      `conda_file: { dependencies: [a], variables: { X: "${value}" } }\n`,
    ]) {
      const found = checkDefinition(await read(text)).find(({ code }) => code === 'unexpanded-variable');
      expect(found?.help).toContain(`\`X: secret:${meant}\``);
      expect(findSecrets(await read(text))).toEqual([]);
    }
  });

  it.each(['5$', '$', '^a$', '$1', 'secret', 'secrets: none', '%(message)s', '{x}'])(
    'are not meant by %s',
    async (value) => {
      const found = checkDefinition(await read(`image: a:1\nenvironment_variables: { X: "${value}" }\n`));
      expect(found.map(({ code }) => code)).not.toContain('unexpanded-variable');
    },
  );
});
