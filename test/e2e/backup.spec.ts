import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianLike, makeBase, writeBase } from '../kit/base-image.ts';
import { startPostgres } from '../kit/postgres.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { startServe } from '../kit/serve.ts';
import { makeWheel } from '../kit/wheel.ts';

const grape = makeWheel({ name: 'grape', version: '1.0', files: { 'grape/__init__.py': 'taste = "sweet"\n' } });

interface Listed {
  items: { id: string }[];
}

describe('backups', { timeout: 180_000 }, () => {
  let index: PypiIndex;
  let sandbox: Sandbox;
  let run: string;
  beforeAll(async () => {
    index = await startPypiIndex([grape]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write('iris.yml', 'name: iris\ndescription: Flowers\ntags: {kind: plant}\nrequirements: [grape]\n');
    await sandbox.write('.terroir/settings.yml', 'keep_archives: true\n');
    const words = ['run', '--env', 'iris.yml', '--var', 'KEY=secret:MY_KEY', '--', 'python', '-c'];
    await sandbox.run([...words, 'import grape; print(grape.taste); open("made.txt", "w").write("x")'], {
      env: { MY_KEY: 'sesame' },
    });
    run = (await sandbox.json<Listed>(['runs', 'list'])).items[0]?.id ?? '';
    await sandbox.json(['token', 'create', '--user', 'grace', '--role', 'reader']);
    await sandbox.json(['backup', 'team.terroir']);
  });
  afterAll(async () => await Promise.all([sandbox.remove(), index.close()]));

  it('make another workspace that answers as the first did, and can repeat its runs', async () => {
    const there = ['--workspace', 'restored'];
    const view = await sandbox.json<{ rows: number; files: number; folder: string }>([
      'restore',
      'team.terroir',
      ...there,
    ]);
    expect(view.folder).toBe(join(sandbox.folder, 'restored'));
    for (const question of [
      ['env', 'show', 'iris'],
      ['env', 'lock', 'iris'],
      ['runs', 'show', run],
      ['runs', 'list'],
      ['token', 'list'],
      ['audit', 'list'],
    ])
      expect(await sandbox.json([...question, ...there]), question.join(' ')).toEqual(await sandbox.json(question));
    expect((await sandbox.run(['audit', 'verify', ...there])).exitCode).toBe(0);
    expect((await sandbox.run(['runs', 'logs', run, ...there])).stdout).toBe('sweet\n');
    const replay = ['runs', 'replay', run, '--offline', ...there];
    const elsewhere = { MY_KEY: 'sesame', TERROIR_HOME: join(sandbox.folder, 'other') };
    const again = await sandbox.run(replay, { env: elsewhere });
    expect(again.exitCode, again.stderr).toBe(0);
    expect(again.stdout).toBe('sweet\n');
    // It goes on where the first one was.
    await sandbox.write('more.yml', 'name: iris\nrequirements: [grape==1.0]\n');
    expect(await sandbox.json(['env', 'create', 'more.yml', ...there])).toMatchObject({ version: '2' });
  });

  it('bring the registry and what builds told along, from a folder to PostgreSQL and back', async () => {
    const postgres = await startPostgres();
    try {
      const layout = join(sandbox.folder, 'base');
      await writeBase(layout, [{ base: await makeBase({ layers: [debianLike] }) }]);
      await sandbox.json(['image', 'copy', `oci:${layout}`, 'localhost/base:1']);
      await sandbox.write(
        'sci.yml',
        'name: sci\nimage: localhost/base:1\npython: {version: "3.11"}\nrequirements: [grape]\n',
      );
      const image = await sandbox.json(['env', 'build', 'sci.yml']);
      const token = (await sandbox.run(['token', 'create', '--user', 'kim', '--role', 'contributor'])).stdout.trim();
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const read = async (url: string): Promise<string> => await (await fetch(url, { headers })).text();
      const served = await startServe(sandbox);
      const asked = await fetch(`${served.url}/api/v1/builds`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ environment: 'sci' }),
      });
      const { id } = (await asked.json()) as { id: string };
      const told = await read(`${served.url}/api/v1/builds/${id}/events`);
      expect(told).toContain('"status":"Completed"');
      await sandbox.json(['backup', 'used.terroir']);
      await served.stop();

      const there = { env: { TERROIR_DATABASE: await postgres.createDatabase(), TERROIR_WORKSPACE: 'in-postgres' } };
      await sandbox.json(['restore', 'used.terroir'], there);
      await sandbox.json(['backup', 'again.terroir'], there);
      const back = { env: { TERROIR_WORKSPACE: 'back' } };
      await sandbox.json(['restore', 'again.terroir'], back);
      for (const place of [there, back]) {
        expect(await sandbox.json(['env', 'build', 'sci', '--offline'], place)).toMatchObject({
          digest: image.digest,
          source: 'workspace',
        });
        expect(
          await sandbox.json(['image', 'validate', `localhost/${String(image.repository)}:latest`], place),
        ).toMatchObject({ valid: true });
        const again = await startServe({ ...sandbox, start: (args) => sandbox.start(args, place) });
        expect(await read(`${again.url}/api/v1/builds/${id}/events`)).toBe(told);
        const tags = JSON.parse(await read(`${again.url}/v2/base/tags/list`)) as object;
        expect(tags).toEqual({ name: 'base', tags: ['1'] });
        await again.stop();
        expect((await sandbox.run(['audit', 'verify'], place)).exitCode).toBe(0);
      }
    } finally {
      await postgres.stop();
    }
  });

  it('bring the contents and logs along that the database has, from a folder to PostgreSQL and back', async () => {
    const postgres = await startPostgres();
    try {
      const first = { env: { TERROIR_WORKSPACE: 'first' } };
      await sandbox.json(['env', 'list'], first);
      const open = (folder: string) => new DatabaseSync(join(sandbox.folder, folder, 'workspace.db'));
      const bytes = (index: number) => Buffer.alloc(index * 500, Buffer.from([0, 255, 10, index]));
      const source = open('first');
      for (let index = 0; index < 60; index += 1) {
        source
          .prepare('insert into contents (digest, size, bytes, place, touched_at) values (?, ?, ?, ?, ?)')
          .run(`digest ${index}`, index, index % 2 ? bytes(index) : null, index % 2 ? null : 'large', 'today');
        source
          .prepare('insert into log_pieces (log, at, bytes) values (?, ?, ?)')
          .run('run/a', index * 1e9, bytes(index));
      }
      const rowsOf = (database: DatabaseSync) =>
        ['contents', 'log_pieces'].map((table) => database.prepare(`select * from ${table} order by 1, 2`).all());
      const rows = rowsOf(source);
      expect(rows.map(({ length }) => length >= 60)).toEqual([true, true]);
      source.close();
      await sandbox.json(['backup', 'first.terroir'], first);
      const there = { env: { TERROIR_DATABASE: await postgres.createDatabase(), TERROIR_WORKSPACE: 'there' } };
      await sandbox.json(['restore', 'first.terroir'], there);
      await sandbox.json(['backup', 'second.terroir'], there);
      await sandbox.json(['restore', 'second.terroir'], { env: { TERROIR_WORKSPACE: 'third' } });
      const last = open('third');
      expect(rowsOf(last)).toEqual(rows);
      last.close();
    } finally {
      await postgres.stop();
    }
  });

  it.each<[string, (bytes: Buffer) => Buffer, number, RegExp]>([
    [
      'half of one',
      (bytes) => bytes.subarray(0, bytes.length / 2),
      7,
      // As it happens, the middle is in a file or between two.
      /cannot be read to its end: Unexpected end of data|its end is missing/,
    ],
    ['one without its end', (bytes) => withoutEnd(bytes), 7, /its end is missing/],
    ['a changed one', (bytes) => changed(bytes), 7, /digest is not that of its content|not what its name says/],
    ['something else', () => Buffer.from('hello'), 7, /no whole backup|cannot be read to its end/],
  ])('are refused: %s', async (_, make, exitCode, message) => {
    await writeFile(join(sandbox.folder, 'bad.terroir'), make(await readFile(join(sandbox.folder, 'team.terroir'))));
    const outcome = await sandbox.run(['restore', 'bad.terroir', '--workspace', 'bad']);
    expect(outcome.exitCode, outcome.stderr).toBe(exitCode);
    expect(outcome.stderr).toMatch(message);
    expect(await readdir(sandbox.folder)).not.toContain('bad');
    expect((await readdir(sandbox.folder)).filter((name) => name.includes('restoring'))).toEqual([]);
  });

  it('write over nothing', async () => {
    expect(await sandbox.run(['backup', 'team.terroir'])).toMatchObject({ exitCode: 5 });
    expect(await sandbox.run(['restore', 'team.terroir'])).toMatchObject({
      exitCode: 5,
      stderr: expect.stringMatching(/there is something in .*\.terroir/),
    });
    expect(await sandbox.run(['restore', 'none.terroir', '--workspace', 'x'])).toMatchObject({ exitCode: 4 });
  });
});

/** The tar file up to the header of its last member. */
function withoutEnd(bytes: Buffer): Buffer {
  const at = bytes.lastIndexOf('end.json');
  return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1024)]);
}

function changed(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.write('Blumen!', copy.indexOf('Flowers'));
  return copy;
}
