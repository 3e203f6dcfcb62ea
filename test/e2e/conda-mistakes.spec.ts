import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CondaChannel, startCondaChannel } from '../kit/conda-channel.ts';
import { makeCondaPackage } from '../kit/conda-package.ts';
import { type CommandOutcome, createSandbox, type Sandbox } from '../kit/sandbox.ts';

const grape = makeCondaPackage({ name: 'grape', version: '1.0', noarch: 'generic', files: { 'share/grape': 'g' } });
const packages = [
  grape,
  makeCondaPackage({ name: 'grape', version: '2.0', noarch: 'generic', depends: ['vine >=3'], files: {} }),
  makeCondaPackage({ name: 'vine', version: '2.0', noarch: 'generic', files: { 'share/vine': 'v' } }),
  makeCondaPackage({ name: 'gpu', version: '1.0', noarch: 'generic', depends: ['__cuda >=12'], files: {} }),
];

describe('what goes wrong with conda channels', () => {
  let channel: CondaChannel;
  let sandbox: Sandbox;
  beforeAll(async () => {
    channel = await startCondaChannel(packages);
    sandbox = await createSandbox();
  });
  afterAll(async () => {
    await channel.close();
    await sandbox.remove();
  });

  const lock = async (
    { channels = [channel.url], dependencies }: { channels?: string[]; dependencies: string[] },
    env: Record<string, string> = {},
  ): Promise<CommandOutcome> => {
    await sandbox.write('environment.yml', JSON.stringify({ channels, dependencies }));
    // A store of its own: what an earlier test learnt of the channel does not count.
    const home = `${sandbox.folder}/../store-${Math.random()}`;
    return await sandbox.run(['env', 'prefix', 'environment.yml'], { env: { TERROIR_HOME: home, ...env } });
  };

  it('what cannot be solved, in the solver’s words', async () => {
    const outcome = await lock({ dependencies: ['grape=2'] });
    expect(outcome.exitCode).toBe(6);
    expect(outcome.stderr).toContain('grape');
    expect(outcome.stderr).toMatch(/vine >=3, for which no candidates were found/);
  });

  it('a name that no channel has', async () => {
    const outcome = await lock({ dependencies: ['grap'] });
    expect(outcome.exitCode).toBe(6);
    expect(outcome.stderr).toContain('grap');
    expect(outcome.stderr).toContain(channel.url);
  });

  it('what needs a driver that nobody promised', async () => {
    const outcome = await lock({ dependencies: ['gpu'] });
    expect(outcome.exitCode).toBe(6);
    expect(outcome.stderr).toContain('__cuda');
    expect(outcome.stderr).toContain('system_requirements');
  });

  it('a channel that is not there', async () => {
    const outcome = await lock({ channels: [channel.urlOf('nowhere')], dependencies: ['grape'] });
    expect(outcome.exitCode).toBe(8);
    expect(outcome.stderr).toContain(channel.urlOf('nowhere'));
  });

  it('a server that is down', async () => {
    const gone = await startCondaChannel([]);
    await gone.close();
    const outcome = await lock({ channels: [gone.url], dependencies: ['grape'] });
    expect(outcome.exitCode).toBe(8);
    expect(outcome.stderr).toContain(gone.url);
    expect(outcome.stderr).toContain('hint');
  });

  it('a login: refused without, taken from netrc and from the address, and never shown', async () => {
    const closed = await startCondaChannel(packages, { login: { user: 'ada', password: 'very-secret' } });
    const without = await lock({ channels: [closed.url], dependencies: ['grape=1'] });
    expect(without.exitCode).toBe(9);
    expect(without.stderr).toContain('.netrc');
    await sandbox.write('../home/.netrc', 'machine 127.0.0.1 login ada password very-secret\n');
    const withNetrc = await lock({ channels: [closed.url], dependencies: ['grape=1'] });
    await sandbox.write('../home/.netrc', '');
    const withVariable = await lock(
      { channels: [closed.url.replace('//', '//ada:${SECRET}@')], dependencies: ['grape=1'] },
      { SECRET: 'very-secret' },
    );
    await closed.close();
    for (const { exitCode, stderr, stdout } of [withNetrc, withVariable]) {
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stderr + stdout).not.toContain('very-secret');
    }
  });

  it('a token in the path is taken from a variable, and never shown', async () => {
    const closed = await startCondaChannel(packages, { token: 'tk-very-secret' });
    const channels = [closed.url.replace('tk-very-secret', '${TOKEN}')];
    const outcome = await lock({ channels, dependencies: ['grape=1'] }, { TOKEN: 'tk-very-secret' });
    const wrong = await lock({ channels, dependencies: ['grape=1'] }, { TOKEN: 'tk-other-secret' });
    await closed.close();
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(outcome.stderr).not.toContain('very-secret');
    expect(wrong.exitCode).not.toBe(0);
    expect(wrong.stderr).not.toContain('other-secret');
  });

  it.each([
    ['a page of HTML instead of what it has', { path: 'repodata', kind: 'login-page' }, 8],
    ['an error of the server', { path: 'repodata', kind: 'status', status: 500 }, 8],
    ['a page of HTML instead of a package', { path: '.conda', kind: 'login-page' }, 7],
    ['half a package', { path: '.conda', kind: 'truncate', after: 100 }, 7],
    ['another package of that name', { path: '.conda', kind: 'lengthen', by: 3 }, 7],
  ] as const)('%s: refused, nothing is kept, and the next try works', async (_what, fault, code) => {
    const stop = channel.break(fault);
    const home = `${sandbox.folder}/../store-${Math.random()}`;
    await sandbox.write('environment.yml', JSON.stringify({ channels: [channel.url], dependencies: ['grape=1'] }));
    const args = ['env', 'prefix', 'environment.yml'];
    // The lock is in the workspace by now, unless this is what broke.
    const env = { TERROIR_HOME: home, TERROIR_WORKSPACE: `${home}-workspace` };
    const outcome = await sandbox.run(args, { env });
    stop();
    expect(outcome.exitCode).toBe(code);
    expect(outcome.stderr).toContain(code === 7 ? grape.filename : channel.url);
    expect(await sandbox.run(args, { env })).toMatchObject({ exitCode: 0 });
  });

  it('a connection that breaks in the middle: it goes on where it was', async () => {
    const stop = channel.break({ path: '.conda', kind: 'drop', after: 200, times: 2 });
    const outcome = await lock(
      { dependencies: ['grape=1'] },
      { TERROIR_WORKSPACE: `${sandbox.folder}/../w-${Math.random()}` },
    );
    stop();
    expect(outcome).toMatchObject({ exitCode: 0 });
  });

  it('offline, before anything is known', async () => {
    await sandbox.write('environment.yml', JSON.stringify({ channels: [channel.url], dependencies: ['vine'] }));
    const outcome = await sandbox.run(['--offline', 'env', 'lock', 'environment.yml']);
    expect(outcome.exitCode).toBe(8);
    expect(outcome.stderr).toContain('offline');
  });

  it('a broken specification, with its place', async () => {
    const outcome = await lock({ dependencies: ['grape >=', 'numpy[extra]'] });
    expect(outcome.exitCode).toBe(3);
    expect(outcome.stderr).toContain('environment.yml:1:');
  });
});
