import type { SourceDocument } from '../../documents/index.ts';
import type { ListedConda, ListedLock } from '../../schema/index.ts';
import { platformOf, readCondaAddress } from './conda-address.ts';
import { createProblemList } from './problem-list.ts';
import type { LockFileRead } from './read-lock-file.ts';

/** Reads conda's list of addresses (`conda list --explicit`). @throws AppError INVALID_DEFINITION. */
export function readExplicit(source: SourceDocument): LockFileRead {
  const problems = createProblemList(source);
  const packages: ListedConda[] = [];
  const warnings: LockFileRead['warnings'] = [];
  let offset = 0;
  for (const line of source.text.split('\n')) {
    const at = offset;
    offset += line.length + 1;
    const text = line.replace(/^\uFEFF/, '').trim();
    if (text.startsWith('# pip '))
      warnings.push({
        offset: at,
        message: `\`${text}\` is a comment, and left out`,
        hint: 'Render a `conda-lock.yml` instead: it holds both.',
      });
    if (text === '' || text.startsWith('#') || text === '@EXPLICIT') continue;
    const read = readCondaAddress(text);
    if ('problem' in read) problems.add(at, read.problem, read.hint);
    else if (packages.some(({ name }) => name === read.name))
      problems.add(at, `\`${read.name}\` is there twice`, 'Keep one of them.');
    else packages.push({ kind: 'conda', ...read });
  }
  const subdirs = [...new Set(packages.map(({ subdir }) => subdir))].filter((subdir) => subdir !== 'noarch');
  if (subdirs.length > 1)
    problems.add(0, `the packages are for ${subdirs.join(' and ')}`, 'A list is for one platform; split it.');
  const named = /^#\s*platform:\s*(\S+)/m.exec(source.text)?.[1];
  const subdir = subdirs[0] ?? named;
  const platform = subdir === undefined ? undefined : platformOf(subdir);
  if (subdir !== undefined && subdir !== 'noarch' && platform === undefined)
    problems.add(0, `the packages are for ${subdir}, which Terroir does not know`);
  problems.finish();
  const lock: ListedLock = {
    format: 'explicit',
    packages,
    channels: [...new Set(packages.map(({ channel }) => channel))],
    platforms: platform === undefined ? [] : [platform],
    defaultGroups: [],
  };
  return { lock, warnings };
}
