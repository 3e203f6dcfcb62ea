import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lock } from '../../src/schema/index.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

interface View {
  name: string;
  version: string;
  fingerprint: string;
  tags: Record<string, string>;
  description: string | null;
  archived: boolean;
}

describe('environments of a workspace', () => {
  let index: PypiIndex;
  let sandbox: Sandbox;
  beforeAll(async () => {
    index = await startPypiIndex([
      makeWheel({ name: 'alpha', version: '1.0' }),
      makeWheel({ name: 'beta', version: '1.0', requires: ['alpha'] }),
      makeWheel({ name: 'gamma', version: '0.1' }),
    ]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write(
      'env.yml',
      'name: field\ndescription: first\ntags: { crop: 1 }\nrequirements:\n  # why\n  - beta   # needs alpha\n',
    );
  });
  afterAll(async () => {
    await index.close();
    await sandbox.remove();
  });

  it('registers a version offline, and shows it', async () => {
    const view = await sandbox.json<View>(['env', 'create', 'env.yml', '--offline']);
    expect(Object.keys(view).sort()).toEqual([
      'archived',
      'category',
      'createdAt',
      'createdBy',
      'definition',
      'description',
      'fingerprint',
      'name',
      'tags',
      'version',
    ]);
    expect(view).toMatchObject({
      name: 'field',
      version: '1',
      category: 'system_managed',
      tags: { crop: '1' },
      description: 'first',
      archived: false,
    });
    expect(await sandbox.json<View>(['env', 'show', 'azureml:field:1'])).toEqual(view);
    expect((await sandbox.run(['env', 'show', 'field', '--source'])).stdout).toContain('- beta   # needs alpha');
  });

  it('keeps the version for the same definition, and takes the next number for another', async () => {
    expect(await sandbox.json<View>(['env', 'create', 'env.yml', '--tag', 'crop=2'])).toMatchObject({
      version: '1',
      tags: { crop: '2' },
    });
    expect(
      await sandbox
        .json<View>(['env', 'create', 'env.yml', '--image', 'debian:12'])
        .catch((error: Error) => error.message),
    ).toContain('cannot be given together');
    await sandbox.write('env2.yml', 'name: field\nrequirements: [beta, gamma]\n');
    expect(await sandbox.json<View>(['env', 'create', 'env2.yml'])).toMatchObject({ version: '2' });
    const outcome = await sandbox.run(['env', 'create', 'env2.yml', '--version', '1', '--json']);
    expect(outcome.exitCode).toBe(5);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      error: {
        code: 'VERSION_EXISTS',
        message: 'Environment field with version 1 is already registered and cannot be changed.',
      },
    });
  });

  it('gives a renamed environment the same fingerprint and lock', async () => {
    const other = await sandbox.json<View>(['env', 'create', 'env.yml', '--name', 'meadow']);
    const field = await sandbox.json<View>(['env', 'show', 'field:1']);
    expect(other.fingerprint).toBe(field.fingerprint);
    const first = await sandbox.json<{ lock: Lock; revision: number }>(['env', 'lock', 'field:1']);
    index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
    const second = await sandbox.json<{ lock: Lock; revision: number; outcome: string }>(['env', 'lock', 'meadow']);
    expect(second).toMatchObject({ revision: 1, outcome: 'cached' });
    expect(second.lock).toEqual(first.lock);
    expect(first.lock.packages.map(({ name, version, requested }) => [name, version, requested])).toEqual([
      ['alpha', '1.0', false],
      ['beta', '1.0', true],
    ]);
  });

  it('moves packages only with --relock, and says who stays', async () => {
    const dry = await sandbox.run(['env', 'lock', 'field:1', '--relock', '--dry-run']);
    expect(dry.stdout).toContain('~ alpha 1.0 → 2.0');
    expect(await sandbox.json(['env', 'lock', 'field:1'])).toMatchObject({ revision: 1 });
    const moved = await sandbox.json(['env', 'lock', 'field:1', '--relock']);
    expect(moved).toMatchObject({
      revision: 2,
      stay: ['meadow:1'],
      diff: { changed: [{ name: 'alpha', from: '1.0', to: '2.0', direction: 'up' }] },
    });
    expect(await sandbox.json(['env', 'lock', 'meadow'])).toMatchObject({ revision: 1 });
    expect(await sandbox.json(['env', 'lock', 'field:1', '--revision', '1'])).toMatchObject({ revision: 1 });
  });

  it('compares definitions and packages', async () => {
    const early = await sandbox.json(['env', 'diff', 'field:1', 'field:2']);
    expect(early.packages).toEqual({ added: [], removed: [], changed: [] });
    expect(early.notes).toEqual([expect.stringContaining('field:2 is not locked')]);
    await sandbox.json(['env', 'lock', 'field:2']);
    const diff = await sandbox.json(['env', 'diff', 'field:1', 'field:2']);
    expect(diff).toMatchObject({ packages: { added: [{ name: 'gamma', version: '0.1' }], removed: [], changed: [] } });
    expect(diff.definition).toContainEqual({ path: 'requirements', from: null, to: 'gamma' });
    expect(diff.notes).toEqual([]);
  });

  it('clones with changes, comments kept, and a lock that moves little', async () => {
    index.publish(makeWheel({ name: 'alpha', version: '3.0' }));
    await sandbox.json(['env', 'clone', 'field:1', 'orchard', '--add', 'gamma']);
    expect((await sandbox.run(['env', 'show', 'orchard', '--source'])).stdout).toContain(
      '  # why\n  - beta   # needs alpha\n  - gamma',
    );
    const { lock } = await sandbox.json<{ lock: Lock }>(['env', 'lock', 'orchard']);
    expect(lock.packages.map(({ name, version }) => `${name} ${version}`)).toEqual([
      'alpha 2.0',
      'beta 1.0',
      'gamma 0.1',
    ]);
    const mistake = await sandbox.run(['env', 'clone', 'field:1', 'x', '--remove', 'betta']);
    expect(mistake).toMatchObject({ exitCode: 2 });
    expect(mistake.stderr).toContain('Did you mean `beta`?');
  });

  it('pins from the lock without disturbing the file', async () => {
    await sandbox.write('pin.yml', 'requirements:\n  # keep me\n  - beta>=1   # and me\n  - "gamma"\n');
    const checked = await sandbox.run(['env', 'check', 'pin.yml', '--fix']);
    expect(checked.exitCode).toBe(0);
    const { lock } = await sandbox.json<{ lock: Lock }>(['env', 'lock', 'pin.yml']);
    expect(await sandbox.read('pin.yml')).toBe(
      `requirements:\n  # keep me\n  - beta==1.0   # and me\n  - "gamma==0.1"\npython: { version: "${lock.python?.version}" }\n`,
    );
  });

  it('archives, restores and deletes', async () => {
    await sandbox.json(['env', 'archive', 'meadow']);
    const names = async (...more: string[]) =>
      (await sandbox.json<{ items: { name: string }[] }>(['env', 'list', ...more])).items.map(({ name }) => name);
    expect(await names()).toEqual(['field', 'orchard']);
    expect(await names('--archived')).toEqual(['meadow']);
    expect((await sandbox.run(['env', 'restore', 'meadow:1'])).exitCode).toBe(5);
    await sandbox.json(['env', 'restore', 'meadow']);
    await sandbox.json(['env', 'delete', 'orchard:1']);
    expect(await names('--all')).toEqual(['field', 'meadow']);
    expect((await sandbox.run(['env', 'show', 'orchard'])).exitCode).toBe(4);
  });

  it('writes and reads v1 folders', async () => {
    await sandbox.write(
      'conda.yml',
      'name: x\nimage: debian:12\nconda_file:\n  channels: [conda-forge]\n  dependencies:\n    - python=3.11\n    - pip:\n        - beta\n',
    );
    const view = await sandbox.json<View>(['env', 'create', 'conda.yml']);
    await sandbox.json(['env', 'save', 'x', 'saved']);
    const loaded = await sandbox.json<View>(['env', 'load', 'saved', '--name', 'y']);
    expect(loaded.fingerprint).toBe(view.fingerprint);
  });

  it('keeps anonymous environments out of lists, and fetches them by version', async () => {
    await sandbox.write('requirements.txt', 'gamma\n');
    const made = await sandbox.json<{ environment: { name: string; version: string }; prefix: string }>([
      'env',
      'prefix',
      'requirements.txt',
    ]);
    expect(made.environment.name).toBe('anonymous');
    expect(made.environment.version).toMatch(/^[0-9a-f]{32}$/);
    expect((await sandbox.run(['env', 'list'])).stdout).not.toContain('anonymous');
    expect(
      await sandbox.json<View>(['env', 'show', `CliV2AnonymousEnvironment:${made.environment.version}`]),
    ).toMatchObject({ name: 'anonymous' });
  });

  it('runs commands without a record, and gives editors the interpreter', async () => {
    const outcome = await sandbox.run([
      'env',
      'exec',
      'requirements.txt',
      '--',
      'python',
      '-c',
      'import gamma, sys; print(gamma.__version__); sys.exit(9)',
    ]);
    expect(outcome).toMatchObject({ exitCode: 9, stdout: '0.1\n' });
    const python = (await sandbox.run(['env', 'prefix', 'requirements.txt', '--python'])).stdout.trim();
    expect(python).toMatch(/\/bin\/python$/);
    expect((await sandbox.run(['env', 'kernel', 'requirements.txt'])).stderr).toContain('has no `ipykernel`');
  });

  it('repairs a prefix that was changed', async () => {
    const made = await sandbox.json<{ prefix: string }>(['env', 'prefix', 'requirements.txt']);
    const { chmodSync, readdirSync, writeFileSync } = await import('node:fs');
    const lib = readdirSync(`${made.prefix}/lib`).find((name) => name.startsWith('python'));
    const file = `${made.prefix}/lib/${lib}/site-packages/gamma/__init__.py`;
    chmodSync(file, 0o644);
    writeFileSync(file, 'changed = True\n');
    const checked = await sandbox.json<{ damaged: { path: string }[] }>([
      'env',
      'prefix',
      'requirements.txt',
      '--verify',
    ]);
    expect(checked.damaged.map(({ path }) => path)).toEqual([file]);
    expect(
      (
        await sandbox.run([
          'env',
          'exec',
          'requirements.txt',
          '--',
          'python',
          '-c',
          'import gamma; print(gamma.__version__)',
        ])
      ).stdout,
    ).toBe('0.1\n');
    expect(await sandbox.json(['cache', 'verify'])).toMatchObject({ damaged: [] });
  });
});
