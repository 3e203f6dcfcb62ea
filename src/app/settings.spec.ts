import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultSettings } from '../schema/index.ts';
import { readSettings } from './settings.ts';

describe('the settings of a workspace', () => {
  let workspaceFolder: string;
  beforeEach(async () => {
    workspaceFolder = await mkdtemp(join(tmpdir(), 'terroir-settings-'));
  });
  afterEach(async () => {
    await rm(workspaceFolder, { recursive: true });
  });
  const read = async (text: string): ReturnType<typeof readSettings> => {
    await writeFile(join(workspaceFolder, 'settings.yml'), text);
    return await readSettings({ workspaceFolder });
  };

  it('have defaults without a file, and without a folder', async () => {
    expect(await readSettings({ workspaceFolder })).toEqual(defaultSettings);
    expect(await readSettings({ workspaceFolder: join(workspaceFolder, 'none') })).toEqual(defaultSettings);
  });

  it.each<[string, string, boolean]>([
    ['turned off', 'keep_archives: false\n', false],
    ['turned on', 'keep_archives: true\n', true],
    ['given no value', 'keep_archives:\n', true],
    ['commented out', '# keep_archives: false\n', true],
    ['commented out below a document mark', '---\n# keep_archives: false\n\n', true],
    ['an empty file', '', true],
    ['CRLF, a byte order mark, no final newline', '\uFEFF# ours\r\nkeep_archives: false', false],
  ])('are read: %s', async (_title, text, expected) => {
    expect(await read(text)).toEqual({ ...defaultSettings, keepArchives: expected });
  });

  it('name a global registry', async () => {
    expect(await read('global_registry: registry.example/curated\n')).toEqual({
      keepArchives: true,
      globalRegistry: 'registry.example/curated',
    });
    await expect(read('global_registry: not a registry\n')).rejects.toMatchObject({ code: 'INVALID_SETTINGS' });
  });

  it.each<[string, string, string, string | undefined]>([
    [
      'a misspelt key',
      '# ours\nkeep_archive: false\n',
      '2:1: unknown key `keep_archive` in the settings of a workspace',
      'Did you mean `keep_archives`? Allowed: `keep_archives`, `global_registry`.',
    ],
    [
      'another type',
      'keep_archives: "no"\n',
      '1:16: `keep_archives` must be `true` or `false`, not the text `no`',
      undefined,
    ],
    [
      'a list',
      '- keep_archives\n',
      '1:1: the file must be a map with `keep_archives`, `global_registry`, not a list',
      undefined,
    ],
    [
      'a key twice',
      'keep_archives: true\nkeep_archives: false\n',
      '2:1: the key `keep_archives` is there twice',
      'Keep one of them.',
    ],
  ])('are refused: %s', async (_title, text, message, hint) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'INVALID_SETTINGS',
      message: `${join(workspaceFolder, 'settings.yml')}:${message}`,
      hint,
    });
  });

  it('are not read from a file with the other ending, which is said', async () => {
    await writeFile(join(workspaceFolder, 'settings.yaml'), 'keep_archives: false\n');
    await expect(readSettings({ workspaceFolder })).rejects.toMatchObject({
      code: 'INVALID_SETTINGS',
      hint: expect.stringContaining('settings.yml') as string,
    });
    expect(await read('keep_archives: true')).toEqual(defaultSettings);
  });
});
