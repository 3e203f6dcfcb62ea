import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureFolder } from './files.ts';

describe('a folder that is wanted', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-folder-'));
  });
  afterEach(async () => await rm(root, { recursive: true }));

  it('is made with those above it, by several at once', async () => {
    const path = join(root, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 8 }, async () => await ensureFolder(path)));
    expect((await stat(path)).isDirectory()).toBe(true);
    await ensureFolder(`${path}/`);
  });

  it('may be there already, behind a link too', async () => {
    await ensureFolder('/');
    await mkdir(join(root, 'real'));
    await symlink('real', join(root, 'link'));
    await ensureFolder(join(root, 'link'));
    await ensureFolder(join(root, 'link', 'below'));
    expect((await stat(join(root, 'real', 'below'))).isDirectory()).toBe(true);
  });

  it('is refused where something else has its name, or that of one above it', async () => {
    await writeFile(join(root, 'file'), '');
    await symlink('nowhere', join(root, 'link'));
    for (const path of ['file', 'file/below', 'file/below/it', 'link'])
      await expect(ensureFolder(join(root, path))).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:ALREADY_EXISTS|FILE_NOT_FOUND)$/),
      });
  });

  it.runIf(process.platform === 'linux')('is refused where the system makes none', { timeout: 5000 }, async () => {
    await expect(ensureFolder('/proc/terroir/below')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
