/**
 * One of several processes that use a workspace at the same time: `node peer.ts FOLDER NUMBER TASK COUNT`. It says `ready`, waits for a line on
 * stdin, does its task, and prints a JSON line for each thing that it got done.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openWorkspace, type Workspace } from '../../../src/workspace/index.ts';
import { registerSample, sampleLock, sampleModel, sampleRequest, sampleRun } from './samples.ts';

const [folder = '', number = '', task = '', count = '1'] = process.argv.slice(2);

type Work = (workspace: Workspace, index: number) => Promise<unknown>;

const tasks: Readonly<Record<string, Work>> = {
  /** Each its own content, all under one name. */
  'register-different': async ({ environments }, index) => {
    const { version, outcome } = await environments.register(sampleRequest('iris', `${number}-${index}`));
    return { version: version.version, id: version.id, outcome };
  },
  /** All the same content. */
  'register-same': async ({ environments }) => {
    const { version, outcome } = await environments.register(sampleRequest('iris', 'same'));
    return { version: version.version, id: version.id, outcome };
  },
  /** Each another lock for the same fingerprint; then the version is bound to what won. */
  lock: async (workspace) => {
    const version = await registerSample(workspace, 'iris', 'same');
    const first = await workspace.locks.addFirst(sampleLock(version.fingerprint, number));
    const bound = await workspace.locks.bind(version.id, version.fingerprint, 'linux-64');
    return { first: first.lock.digest, bound: bound?.lock.digest, revision: bound?.revision };
  },
  relock: async (workspace, index) => {
    const version = await registerSample(workspace, 'iris', 'same');
    const lock = sampleLock(version.fingerprint, `${number}-${index}`);
    const { revision } = await workspace.locks.relock(lock, version.id);
    return { revision: revision.revision, digest: lock.digest };
  },
  model: async (workspace, index) => {
    const version = await registerSample(workspace, 'iris', 'same');
    const run = `run-${number}-${index}`;
    await workspace.runs.create(sampleRun(run, version), version.id);
    return { version: (await workspace.models.register(sampleModel('m', run))).version };
  },
  /** Takes a lease, has it for a second, and ends without letting go of it. */
  lease: async ({ leases }) => {
    const answer = await leases.take('build f');
    await sleep(1000);
    return { taken: 'lease' in answer };
  },
  'secret-key': async (workspace) => ({ key: (await workspace.secretKey()).toString('hex') }),
  /** A little of everything, for ever. */
  everything: async (workspace, index) => {
    const { digest } = await workspace.blobs.put(`content ${number} ${index}`.repeat(1000));
    const version = await registerSample(workspace, 'iris', `${number}-${index}`, { tags: { blob: digest } });
    await workspace.locks.addFirst(sampleLock(version.fingerprint, '1'));
    await workspace.locks.bind(version.id, version.fingerprint, 'linux-64');
    const run = `run_${number}_${index}`;
    await workspace.runs.create(sampleRun(run, version), version.id);
    await workspace.runs.update(run, { status: 'Running' });
    if (index % 2 === 0) await workspace.runs.update(run, { status: 'Completed' });
    return { version: version.version, digest, run };
  },
};

process.stdout.write('ready\n');
await once(process.stdin, 'data');
const database = process.env.TERROIR_DATABASE;
const workspace = await openWorkspace(folder, { create: true, user: `peer-${number}`, database });
for (let index = 0; index < Number(count); index += 1) {
  process.stdout.write(`${JSON.stringify(await tasks[task]?.(workspace, index))}\n`);
}
await workspace.close();
process.stdin.destroy();
