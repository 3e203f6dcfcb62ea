import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeWheel } from '../../test/kit/wheel.ts';
import { licenseIn, readWheelLicense } from './wheel-license.ts';

test.each<[string, string[], string | undefined]>([
  ['an expression', ['License: BSD', 'License-Expression: MIT OR Apache-2.0'], 'MIT OR Apache-2.0'],
  ['a short name', ['License: BSD-3-Clause', 'Classifier: License :: OSI Approved :: BSD License'], 'BSD-3-Clause'],
  ['a whole text', ['License: Copyright (c) 2026', '        All rights reserved.'], undefined],
  [
    'a text and a classifier',
    ['License: Copyright', '  more', 'Classifier: License :: OSI Approved :: BSD License'],
    'BSD License',
  ],
  ['what is unknown', ['License: UNKNOWN'], undefined],
  [
    'classifiers',
    [
      'Classifier: License :: OSI Approved',
      'Classifier: License :: OSI Approved :: MIT License',
      'Classifier: License :: Public Domain',
    ],
    'MIT License, Public Domain',
  ],
  ['nothing', ['Summary: License: MIT'], undefined],
])('%s', (_what, lines, license) => {
  const text = ['Metadata-Version: 2.4', 'Name: a', ...lines, '', 'License: not this one', ''].join('\r\n');
  expect(licenseIn(text)).toBe(license);
  expect(licenseIn(text.replaceAll('\r', ''))).toBe(license);
});

test('is read from an archive, and what is none is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'terroir-license-'));
  try {
    const wheel = makeWheel({ name: 'grape', version: '1.0', metadata: ['License-Expression: MIT'] });
    await writeFile(join(folder, 'wheel'), wheel.bytes);
    expect(await readWheelLicense(join(folder, 'wheel'), wheel.filename)).toBe('MIT');
    await writeFile(join(folder, 'wheel'), 'no archive');
    await expect(readWheelLicense(join(folder, 'wheel'), 'a.whl')).rejects.toMatchObject({ code: 'CORRUPT_ARCHIVE' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('is that of each of many archives that are read at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'terroir-license-'));
  try {
    const names = Array.from({ length: 8 }, (_, at) => `licence-${at}`);
    const read = names.map(async (name) => {
      const wheel = makeWheel({
        name: name.replace('-', '_'),
        version: '1.0',
        metadata: [`License-Expression: ${name}`],
      });
      await writeFile(join(folder, name), wheel.bytes);
      return { file: join(folder, name), filename: wheel.filename };
    });
    const wheels = await Promise.all(read);
    const licences = wheels.map(async ({ file, filename }) => await readWheelLicense(file, filename));
    expect(await Promise.all(licences)).toEqual(names);
  } finally {
    await rm(folder, { recursive: true });
  }
});
