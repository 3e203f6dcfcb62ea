import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { promisify } from 'node:util';
import { readPipConfiguration } from '../../../src/channels/pypi/index.ts';
import { planIndexes, uvEnvironment } from '../../../src/channels/pypi/uv-environment.ts';
import type { Interpreter } from '../../../src/io/index.ts';
import { uvForTests } from '../uv.ts';

/**
 * Real packages from the index that this machine's pip uses, laid out in `folder` with their metadata.
 * @throws Error if no index answers.
 */
export async function fetchWheels(names: readonly string[], folder: string, python: Interpreter): Promise<void> {
  const pip = await readPipConfiguration({ env: process.env, home: homedir() });
  const none = { extraIndexUrls: [], findLinks: [], noIndex: false, pre: false, binaryRules: [], trustedHosts: [] };
  const { path: uv } = await uvForTests();
  const options = ['--no-config', '--only-binary', ':all:', '--link-mode', 'copy', '--python', python.executable];
  await promisify(execFile)(uv, ['pip', 'install', ...options, '--target', folder, ...names], {
    env: uvEnvironment(planIndexes(none, pip, process.env), pip, process.env) as NodeJS.ProcessEnv,
  });
}
