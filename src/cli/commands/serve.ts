import { readSettings } from '../../app/index.ts';
import { roles } from '../../schema/index.ts';
import { startServer } from '../../server/index.ts';
import type { Command } from '../command.ts';
import { loadStudio } from '../load-studio.ts';
import { readLogin } from '../login-options.ts';
import { untilEnded } from '../long-running.ts';
import { readTls } from '../tls-options.ts';
import { readWholeNumber } from '../whole-number.ts';

export const command: Command = {
  name: 'serve',
  summary: 'Serve the workspace to a team: studio, API and docs on one port',
  description: [
    'Serves the workspace until it is interrupted: the studio at `/`, the API at `/api/v1`. On loopback, and while there is no token, whoever is on this machine may do everything; once',
    'there is a token (`terroir token create`), everybody needs one. Another address than loopback wants a token to be there first.',
    '',
    'The log goes to stderr, one JSON a line. Whoever may submit runs (role contributor) executes programs as the user that serves.',
  ].join('\n'),
  options: [
    { flags: '--port <n>', description: 'Where to listen; 0 takes any that is free', default: '7350' },
    {
      flags: '--host <address>',
      description: 'Which address to listen on; 0.0.0.0 is every one',
      default: '127.0.0.1',
    },
    { flags: '--tls-cert <file>', description: 'Serve https with this certificate (PEM, with its chain)' },
    { flags: '--tls-key <file>', description: 'Its private key (PEM)' },
    { flags: '--name <name>', description: 'What clients of Azure call the workspace', default: 'terroir' },
    {
      flags: '--oidc-issuer <url>',
      description: 'Let people log in with a browser: the identity provider (OpenID Connect)',
    },
    { flags: '--oidc-client-id <id>', description: 'What the provider knows this server as' },
    {
      flags: '--oidc-client-secret-file <file>',
      description: 'Its secret, if it has one (or TERROIR_OIDC_CLIENT_SECRET)',
    },
    { flags: '--oidc-scope <scopes>', description: 'What to ask the provider for', default: 'openid profile email' },
    { flags: '--oidc-role-claim <claim>', description: 'Which claim has roles or groups', default: 'roles' },
    {
      flags: '--oidc-role <value=role>',
      description: 'Which value of it gives which role; may be given several times (else the names of the roles)',
      repeatable: true,
    },
    {
      flags: '--oidc-default-role <role>',
      description: 'For everybody else; without it they are refused',
      choices: roles,
    },
    { flags: '--url <url>', description: 'Where browsers reach the server, if a proxy stands in front' },
    {
      flags: '--rate <n>',
      description: 'So many requests a second may each caller send in the long run',
      default: '1000',
    },
    {
      flags: '--upload-limit <gib>',
      description: 'The largest upload, in GiB: content of the API, a layer in the registry',
      default: '64',
    },
    {
      flags: '--runs <n>',
      description: 'So many runs and builds at once, the others wait; 0 leaves them to workers',
      default: '4',
    },
    {
      flags: '--log-level <level>',
      description: 'What to log',
      choices: ['debug', 'info', 'warn', 'error', 'silent'],
      default: 'info',
    },
  ],
  examples: [
    { command: 'terroir serve', does: 'for yourself, on http://127.0.0.1:7350' },
    {
      command: 'terroir serve --host 0.0.0.0 --tls-cert server.pem --tls-key server.key',
      does: 'for a team',
    },
  ],
  run: async (context, { options }) => {
    const app = await context.app();
    // Each run and each build would fail by it.
    await readSettings(app);
    const rate = readWholeNumber(options, 'rate', { to: 1_000_000 }) ?? 1000;
    const server = await startServer(app, {
      host: options.text('host') ?? '127.0.0.1',
      port: readWholeNumber(options, 'port', { from: 0, to: 65_535 }) ?? 7350,
      workspaceName: options.text('name'),
      tls: await readTls(options, app.emit),
      login: await readLogin(options, context.env),
      log: { write: (line) => void process.stderr.write(line) },
      logLevel: options.text('logLevel') ?? 'info',
      studio: loadStudio(),
      limits: {
        runs: readWholeNumber(options, 'runs', { from: 0, to: 1000 }),
        rate,
        burst: 4 * rate,
        upload: (readWholeNumber(options, 'uploadLimit', { to: 1 << 20 }) ?? 64) * 2 ** 30,
      },
    });
    app.emit({ type: 'note', level: 'info', message: `serving ${app.workspaceFolder} at ${server.url}` });
    await untilEnded(context.signal);
    await server.close();
    return { data: { url: server.url }, text: '' };
  },
};
