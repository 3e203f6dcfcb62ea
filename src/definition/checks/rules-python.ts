import { matchesSpecifier, parseSpecifiers } from '../../requirements/index.ts';
import type { CheckRule, Hit } from './finding.ts';
import { condaOf } from './parts.ts';

/** When a minor version of Python got or gets its last patch. */
const endOfLife: Readonly<Record<string, string>> = {
  '2.7': '2020-01-01',
  '3.5': '2020-09-30',
  '3.6': '2021-12-23',
  '3.7': '2023-06-27',
  '3.8': '2024-10-07',
  '3.9': '2025-10-31',
  '3.10': '2026-10-31',
  '3.11': '2027-10-31',
  '3.12': '2028-10-31',
  '3.13': '2029-10-31',
  '3.14': '2030-10-31',
};

/** "3.11" of "3.11.7", "=3.11" or ">=3.11"; undefined if no minor is named. */
function minorOf(text: string | undefined): string | undefined {
  return /(\d+\.\d+)/.exec(text ?? '')?.[1];
}

export const pythonRules: readonly CheckRule[] = [
  {
    code: 'python-missing',
    severity: 'warning',
    title: 'Python without version',
    explanation:
      'Without a version, whoever locks first decides: with a conda file the solver, else the Python of that machine. The lock keeps it from then on.',
    example: 'dependencies: [numpy]  # and no python',
    azure: true,
    fixable: true,
    run: (read) => {
      const { definition } = read;
      if (definition.layer === undefined || definition.python.version !== undefined) return [];
      const python = condaOf(read).find(({ spec }) => spec.name === 'python');
      if (definition.layer.kind === 'conda') {
        if (python === undefined)
          return [{ path: ['layer'], message: 'the conda file names no `python`', help: 'Add it: `- python=3.12`.' }];
        return python.spec.version === undefined
          ? [{ path: python.path, message: '`python` has no version', help: 'Write `python=3.12`.' }]
          : [];
      }
      // A bare requirements file has no place for it; an environment file has.
      return read.format === 'requirements'
        ? []
        : [
            {
              path: ['layer'],
              message: `no Python version is named: ${read.definition.image === undefined ? 'the machine that locks first' : 'the base image'} decides`,
              help: 'Add `python: {version: "3.12"}`.',
            },
          ];
    },
  },
  {
    code: 'python-conflict',
    severity: 'error',
    title: 'Two versions of Python',
    explanation:
      '`python.version` and the conda file name different versions, or Python is listed twice; only one can hold.',
    example: 'python: { version: "3.12" }  # and python=3.11 in the conda file',
    azure: true,
    run: (read) => {
      const listed = condaOf(read).filter(({ spec }) => spec.name === 'python');
      const hits: Hit[] = listed
        .slice(1)
        .map(({ path, text }) => ({ path, message: `Python is listed again: \`${text}\`` }));
      const own = minorOf(read.definition.python.version);
      const conda = listed[0];
      if (
        own !== undefined &&
        conda?.spec.version !== undefined &&
        /^[=\d]/.test(conda.spec.version) &&
        minorOf(conda.spec.version) !== own
      ) {
        hits.push({
          path: conda.path,
          message: `\`${conda.text}\` contradicts \`python.version: ${read.definition.python.version}\``,
        });
      }
      return hits;
    },
  },
  {
    code: 'python-end-of-life',
    severity: 'warning',
    title: 'Python without patches',
    explanation: 'The version gets no security patches any more, and packages stop making wheels for it.',
    example: 'dependencies: [python=3.8]',
    azure: true,
    run: (read, { today }) => {
      const conda = condaOf(read).find(({ spec }) => spec.name === 'python');
      const places = [
        { path: ['python', 'version'], text: read.definition.python.version },
        ...(conda === undefined ? [] : [{ path: conda.path, text: conda.spec.version }]),
      ];
      return places.flatMap(({ path, text }) => {
        if (text === undefined || /[<>!~]/.test(text)) return [];
        const minor = minorOf(text);
        const end = minor === undefined ? undefined : endOfLife[minor];
        return end !== undefined && end < today.slice(0, 10)
          ? [{ path, message: `Python ${minor} got its last patch on ${end}`, help: 'Use 3.12 or newer.' }]
          : [];
      });
    },
  },
  {
    code: 'python-unsupported',
    severity: 'error',
    title: 'Python that does not exist',
    explanation: 'There is no such version of Python, or none that packages are made for.',
    example: 'python: { version: "3.99" }',
    azure: true,
    run: (read) => {
      const conda = condaOf(read).find(({ spec }) => spec.name === 'python');
      const places = [
        { path: ['python', 'version'], text: read.definition.python.version },
        ...(conda === undefined ? [] : [{ path: conda.path, text: conda.spec.version }]),
      ];
      return places.flatMap(({ path, text }) => {
        const specifiers = parseSpecifiers(text ?? '');
        const minor = minorOf(text);
        if (text === undefined || minor === undefined) return [];
        const [major = 0, second = 0] = minor.split('.').map(Number);
        const exists =
          (major === 2 && second === 7) ||
          (major === 3 && second >= 5 && second <= 16) ||
          (specifiers !== undefined &&
            specifiers.length > 0 &&
            ['3.10', '3.12', '3.14'].some((each) => matchesSpecifier(each, specifiers)));
        return exists ? [] : [{ path, message: `there is no Python ${text}` }];
      });
    },
  },
  {
    code: 'r-deprecated',
    severity: 'info',
    title: 'R in a Python environment',
    explanation:
      'Azure ML ended its R environments in 2021. R packages from conda are installed, but nothing here runs R for you.',
    example: 'dependencies: [r-base]',
    azure: true,
    run: (read) =>
      condaOf(read).flatMap(({ path, spec }) =>
        spec.name === 'r-base' || spec.name === 'r-essentials' ? [{ path, message: `\`${spec.name}\` brings R` }] : [],
      ),
  },
];
