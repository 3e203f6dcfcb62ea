import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findWorkspaceFolder } from './find-workspace.ts';

describe('findWorkspaceFolder', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-find-'));
    await mkdir(join(root, 'project', '.terroir'), { recursive: true });
    await mkdir(join(root, 'project', 'src', 'deep'), { recursive: true });
    await mkdir(join(root, 'other'));
    await writeFile(join(root, 'other', '.terroir'), 'a file, no folder');
  });
  afterEach(() => rm(root, { recursive: true }));

  it.each([
    ['TERROIR_WORKSPACE first', 'project', { TERROIR_WORKSPACE: '/w' }, '/w'],
    ['a relative TERROIR_WORKSPACE from here', 'project', { TERROIR_WORKSPACE: '../w' }, '<root>/w'],
    ['nothing that is empty', 'project', { TERROIR_WORKSPACE: '' }, '<root>/project/.terroir'],
    ['.terroir here', 'project', {}, '<root>/project/.terroir'],
    ['.terroir above', 'project/src/deep', {}, '<root>/project/.terroir'],
    ['no file of that name', 'other', {}, '<root>/home/.local/share/terroir/workspace'],
    ['the data folder that is named', 'other', { XDG_DATA_HOME: '/data' }, '/data/terroir/workspace'],
    ['no relative data folder', 'other', { XDG_DATA_HOME: 'data' }, '<root>/home/.local/share/terroir/workspace'],
  ])('takes %s', async (_title, cwd, env, expected) => {
    const found = await findWorkspaceFolder({ cwd: join(root, cwd), env, home: join(root, 'home') });
    expect(found.replace(root, '<root>')).toBe(expected);
  });

  it.each(['https://team.example', 'postgres://user:secret@db/terroir'])(
    'refuses %s, which is no folder',
    async (url) => {
      const found = findWorkspaceFolder({ cwd: root, env: { TERROIR_WORKSPACE: url }, home: root });
      await expect(found).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.not.stringContaining('secret'),
      });
    },
  );
});
