import { hasTokenShape } from '../../errors/index.ts';
import { dockerLinesOf } from './docker-lines.ts';
import type { CheckRule, Hit } from './finding.ts';
import { addressesOf, channelsOf, condaOf, optionsOf, variablesOf } from './parts.ts';
import { assignmentsOf, hasCondaToken, hasCredentials, hasLogin, looksSecret, placeholderOf } from './secret-signs.ts';

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
        hasCredentials(text) || hasCondaToken(text) || hasTokenShape(text)
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
    run: (read) =>
      variablesOf(read).flatMap(({ path, name, value }): Hit[] =>
        looksSecret(name, value) || hasLogin(value)
          ? [
              {
                path,
                message: `the variable \`${name}\` looks like a secret`,
                help: `Remove it here, and write \`${name}: secret:${name}\` in the job.`,
              },
            ]
          : [],
      ),
  },
  {
    code: 'secret-in-steps',
    severity: 'error',
    title: 'Secret in Docker steps',
    explanation: 'Whoever can pull the image can read it.',
    example: 'docker_steps: ENV API_TOKEN=abc',
    run: (read) =>
      dockerLinesOf(read).flatMap(({ keyword, value, place }): Hit[] => {
        const assigned = assignmentsOf(keyword, value).find(([name, given]) => looksSecret(name, given));
        if (assigned !== undefined) return [{ ...place, message: `\`${keyword} ${assigned[0]}\` looks like a secret` }];
        if (hasLogin(value)) return [{ ...place, message: `\`${keyword}\` has credentials in an address` }];
        return hasTokenShape(value) ? [{ ...place, message: `\`${keyword}\` has what looks like a secret` }] : [];
      }),
  },
];

/** Not a secret itself, and so nothing that a server refuses. */
export const placeholderRules: readonly CheckRule[] = [
  {
    code: 'unexpanded-variable',
    severity: 'warning',
    title: 'Variable that stays as it is written',
    explanation:
      'A definition says the same to everybody, so nothing of the caller is put into it: the script gets the text `${API_TOKEN}` or `secret:API_TOKEN` itself. What comes from the caller belongs into the job.',
    example: 'environment_variables: { API_TOKEN: "${API_TOKEN}" }',
    run: (read) =>
      variablesOf(read).flatMap(({ path, name, value }): Hit[] => {
        const meant = placeholderOf(value);
        return meant === undefined
          ? []
          : [
              {
                path,
                message: `\`${name}\` has the text \`${value}\` in every run: nothing is put in its place`,
                help: `Remove it here, and write \`${name}: secret:${meant}\` under \`environment_variables\` of the job (docs/jobs.md).`,
              },
            ];
      }),
  },
];
