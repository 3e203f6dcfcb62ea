import { type PypiIndex, startPypiIndex } from './pypi-index.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';
import { type Served, startServe } from './serve.ts';
import { makeWheel } from './wheel.ts';

/** A server and a user's machine, each with the real command line; users have a token of each role. */
export interface ServedPair {
  /** The server's machine, with the folder of its workspace. */
  there: Sandbox;
  /** The user's machine, with the token of a contributor. */
  here: Sandbox;
  served: Served;
  tokens: Record<'admin' | 'contributor' | 'reader', string>;
  remove(): Promise<void>;
}

/** The index has `alpha` 1.0 and 1.1, with `value` 1 and 2. `iris` and `own` (user-managed) are registered. */
export async function createServedPair(serveArgs: readonly string[] = ['--port', '0']): Promise<ServedPair> {
  const index: PypiIndex = await startPypiIndex([
    makeWheel({ name: 'alpha', version: '1.0', files: { 'alpha/__init__.py': 'value = 1\n' } }),
    makeWheel({ name: 'alpha', version: '1.1', files: { 'alpha/__init__.py': 'value = 2\n' } }),
  ]);
  const there = await createSandbox({ index: index.url });
  const make = async (role: string): Promise<string> =>
    (await there.run(['token', 'create', '--user', `the-${role}`, '--role', role])).stdout.trim();
  const tokens = { admin: await make('admin'), contributor: await make('contributor'), reader: await make('reader') };
  const served = await startServe(there, serveArgs);
  const here = await createSandbox({
    index: index.url,
    env: { TERROIR_WORKSPACE: served.url, TERROIR_TOKEN: tokens.contributor, TERROIR_USER: 'nobody' },
  });
  await here.write('environment.yml', 'name: iris\ntags: {team: green}\nrequirements: [alpha==1.0]\n');
  await here.write('own.yml', 'name: own\npython: {user_managed: true}\n');
  await here.run(['env', 'create', 'environment.yml']);
  await here.run(['env', 'create', 'own.yml']);
  return {
    there,
    here,
    served,
    tokens,
    remove: async () => {
      await served.stop();
      await index.close();
      await here.remove();
      await there.remove();
    },
  };
}
