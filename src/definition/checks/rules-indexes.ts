import { isPinned } from '../../requirements/index.ts';
import type { CheckRule } from './finding.ts';
import { channelsOf, optionsOf, requirementsOf } from './parts.ts';

export const indexRules: readonly CheckRule[] = [
  {
    code: 'dependency-confusion',
    severity: 'warning',
    title: 'Several indexes, names without digest',
    explanation:
      'pip and Terroir take the best version of all indexes. Who puts a higher version of one of your private names on the public index has their code in your environment.',
    example: '--extra-index-url https://pypi.example.com/simple',
    run: (read) => {
      const extra = optionsOf(read).find(
        ({ name, value }) =>
          name === '--extra-index-url' && !/download\.pytorch\.org|pypi\.nvidia\.com/.test(value ?? ''),
      );
      const open = requirementsOf(read).filter(
        ({ requirement, options }) =>
          requirement.url === undefined &&
          !isPinned(requirement.specifiers) &&
          !options.some((option) => option.startsWith('--hash')),
      );
      if (extra === undefined || open.length === 0) return [];
      return [
        {
          path: extra.path,
          message: `packages come from the best of several indexes, and ${open.length === 1 ? `\`${open[0]?.requirement.name}\` is` : `${open.length} names are`} not pinned`,
          help: 'Pin them (`--fix` does), or use one index that proxies the others.',
        },
      ];
    },
  },
  {
    code: 'insecure-index',
    severity: 'warning',
    title: 'Index without encryption',
    explanation: 'Whoever is between you and the server can change what it answers.',
    example: '--index-url http://pypi.example.com/simple',
    run: (read) => [
      ...optionsOf(read).flatMap(({ path, name, value }) =>
        /^http:\/\/(?!localhost|127\.|\[::1\])/.test(value ?? '')
          ? [{ path, about: value, message: `\`${name}\` goes over http`, help: 'Use `https://`.' }]
          : [],
      ),
      ...channelsOf(read).flatMap(({ path, channel }) =>
        /^http:\/\/(?!localhost|127\.|\[::1\])/.test(channel)
          ? [{ path, message: 'the channel goes over http', help: 'Use `https://`.' }]
          : [],
      ),
    ],
  },
  {
    code: 'trusted-host',
    severity: 'warning',
    title: 'Certificate not checked',
    explanation:
      '`--trusted-host` turns the check of the server’s certificate off. A company’s certificate authority is better named in SSL_CERT_FILE.',
    example: '--trusted-host pypi.example.com',
    run: (read) =>
      optionsOf(read).flatMap(({ path, name, value }) =>
        name === '--trusted-host' ? [{ path, message: `the certificate of \`${value}\` is not checked` }] : [],
      ),
  },
  {
    code: 'pre-releases',
    severity: 'info',
    title: 'Pre-releases of everything',
    explanation: '`--pre` lets pre-releases of every package in, those of dependencies too.',
    example: '--pre',
    run: (read) =>
      optionsOf(read).flatMap(({ path, name }) =>
        name === '--pre'
          ? [
              {
                path,
                message: '`--pre` allows pre-releases of every package',
                help: 'Name the pre-release itself: `torch==2.9.0rc1`.',
              },
            ]
          : [],
      ),
  },
];
