import { dockerInstructions } from '../dockerfile.ts';
import type { CheckRule, Hit } from './finding.ts';
import { addressesOf, channelsOf, condaOf, optionsOf } from './parts.ts';

const secretName =
  /(?:^|_)(?:TOKEN|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|ACCOUNT_?KEY|CREDENTIALS?|CONNECTION_?STRING)(?:_|$)|(?:TOKEN|SECRET|PASSWORD|APIKEY)$/i;
const secretShape =
  /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{16}|xox[abprs]-[\w-]{10,}|npm_[A-Za-z0-9]{30,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|AccountKey=[A-Za-z0-9+/=]{20,}|[?&]sig=[A-Za-z0-9%+/=]{20,}/;
const userInfo = /^[a-z][a-z0-9+.-]*:\/\/([^\s/@]+)@/i;
const condaToken = /\/t\/[A-Za-z0-9_-]{6,}\//;

/** User and password in an address; `${VAR}` and an account alone over ssh are none. */
function hasCredentials(address: string): boolean {
  const user = userInfo.exec(address)?.[1];
  if (user === undefined || /\$\{\w+\}/.test(user)) return false;
  return !(/^(?:git\+)?ssh:/i.test(address) && !user.includes(':'));
}

export const secretRules: readonly CheckRule[] = [
  {
    code: 'credentials-in-address',
    severity: 'error',
    title: 'Credentials in an address',
    explanation:
      'A definition is kept for ever and shown to everybody in the workspace. Credentials belong into `~/.netrc`, pip’s configuration, or a `${VARIABLE}`.',
    example: '--extra-index-url https://user:secret@pypi.example.com/simple',
    azure: true,
    run: (read) => {
      const help = 'Write `${VARIABLE}` in its place, or put the credentials into `~/.netrc`.';
      const places = [
        ...optionsOf(read).map(({ path, name, value }) => ({ path, text: value ?? '', what: `\`${name}\`` })),
        ...addressesOf(read).map(({ path, text }) => ({
          path,
          text: text.replace(/^(?:git|hg|svn|bzr)\+/, ''),
          what: 'a requirement',
        })),
        ...channelsOf(read).map(({ path, channel }) => ({ path, text: `${channel}/`, what: 'a channel' })),
        ...condaOf(read).map(({ path, spec }) => ({ path, text: `${spec.channel ?? ''}/`, what: 'a channel' })),
      ];
      return places.flatMap(({ path, text, what }): Hit[] =>
        hasCredentials(text) || condaToken.test(text)
          ? [{ path, about: text, message: `${what} has credentials in its address`, help }]
          : [],
      );
    },
  },
  {
    code: 'secret-in-variable',
    severity: 'error',
    title: 'Secret in a variable',
    explanation:
      'The value is kept with the version for ever. A job can take it from your environment unrecorded: `environment_variables: {HF_TOKEN: secret:HF_TOKEN}`.',
    example: 'environment_variables: { HF_TOKEN: hf_abc… }',
    azure: true,
    run: ({ definition }) =>
      Object.entries(definition.environmentVariables).flatMap(([name, value]) => {
        const isSecret =
          value !== '' && !/^\$\{?\w+\}?$|^secret:/.test(value) && (secretName.test(name) || secretShape.test(value));
        return isSecret
          ? [
              {
                path: ['environmentVariables', name],
                message: `the variable \`${name}\` looks like a secret`,
                help: `Remove it here, and write \`${name}: secret:${name}\` in the job.`,
              },
            ]
          : [];
      }),
  },
  {
    code: 'secret-in-steps',
    severity: 'error',
    title: 'Secret in Docker steps',
    explanation: 'Whoever can pull the image can read it.',
    example: 'docker_steps: ENV API_TOKEN=abc',
    run: (read) => {
      const { definition, sources } = read;
      const dockerfile =
        definition.build === undefined
          ? undefined
          : sources.find(({ path }) => path.endsWith(definition.build?.dockerfilePath ?? ''));
      const steps = [
        ...dockerInstructions(definition.dockerSteps ?? '').map((each) => ({ ...each, path: ['dockerSteps'] })),
        ...dockerInstructions(dockerfile?.text ?? '').map((each) => ({ ...each, path: ['build'] })),
      ];
      return steps.flatMap(({ keyword, value, path }) => {
        const assigned =
          keyword === 'ENV' || keyword === 'ARG'
            ? [...value.matchAll(/([A-Za-z_]\w*)=("[^"]*"|\S+)/g)].find(
                (match) => secretName.test(match[1] ?? '') && !/^\$|^""$/.test(match[2] ?? ''),
              )
            : undefined;
        if (assigned !== undefined) return [{ path, message: `\`${keyword} ${assigned[1]}\` looks like a secret` }];
        return secretShape.test(value) ? [{ path, message: `\`${keyword}\` has what looks like a secret` }] : [];
      });
    },
  },
];
