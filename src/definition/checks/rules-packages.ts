import { isPinned, normaliseName } from '../../requirements/index.ts';
import type { ReadResult } from '../read-result.ts';
import { contradictionsIn, isUnsatisfiable, isUnsatisfiableConda } from './contradictions.ts';
import type { CheckRule, Hit } from './finding.ts';
import {
  addressesOf,
  type CondaDependency,
  condaOf,
  type NamedRequirement,
  replacement,
  requirementsOf,
} from './parts.ts';

/** Names that one imports, and the distributions that are meant. */
const importNames: Readonly<Record<string, string>> = {
  sklearn: 'scikit-learn',
  cv2: 'opencv-python',
  pil: 'Pillow',
  yaml: 'PyYAML',
  bs4: 'beautifulsoup4',
  dotenv: 'python-dotenv',
  skimage: 'scikit-image',
  dateutil: 'python-dateutil',
  'google-protobuf': 'protobuf',
  serial: 'pyserial',
  usb: 'pyusb',
  magic: 'python-magic',
  crypto: 'pycryptodome',
  mysqldb: 'mysqlclient',
};
const standardLibrary = new Set([
  'abc',
  'argparse',
  'array',
  'ast',
  'asyncio',
  'base64',
  'collections',
  'contextlib',
  'copy',
  'csv',
  'ctypes',
  'datetime',
  'decimal',
  'email',
  'functools',
  'glob',
  'gzip',
  'hashlib',
  'heapq',
  'html',
  'http',
  'importlib',
  'inspect',
  'io',
  'itertools',
  'json',
  'logging',
  'math',
  'multiprocessing',
  'operator',
  'os',
  'pathlib',
  'pickle',
  'platform',
  'pprint',
  'queue',
  'random',
  're',
  'shutil',
  'signal',
  'socket',
  'sqlite3',
  'string',
  'subprocess',
  'sys',
  'tempfile',
  'threading',
  'time',
  'traceback',
  'types',
  'unittest',
  'urllib',
  'uuid',
  'warnings',
  'xml',
  'zipfile',
]);
const windowsOnly = new Set(['pywin32', 'pywinpty', 'pypiwin32', 'wmi', 'win32-setctime']);

function grouped(requirements: readonly NamedRequirement[]): NamedRequirement[][] {
  const groups = new Map<string, NamedRequirement[]>();
  for (const each of requirements) groups.set(each.name, [...(groups.get(each.name) ?? []), each]);
  return [...groups.values()].filter((group) => group.length > 1);
}

function listedAgain(dependencies: readonly CondaDependency[]): CondaDependency[] {
  const seen = new Set<string>();
  return dependencies.filter(({ spec: { name } }) => {
    if (seen.has(name)) return true;
    seen.add(name);
    return false;
  });
}

/** Which places have more wrong with them than that a package is named twice. */
function contradictingPaths(read: ReadResult): Set<string> {
  return new Set(contradictionsIn(read).map(({ path }) => JSON.stringify(path)));
}

export const packageRules: readonly CheckRule[] = [
  {
    code: 'unpinned-package',
    severity: 'info',
    title: 'Package without exact version',
    explanation:
      'The lock pins it, with everything that it needs, so runs do not move. Whoever makes an environment from the same text elsewhere may get another version; `--fix` writes the lock’s version down.',
    example: 'numpy',
    azure: true,
    fixable: true,
    run: (read) => [
      ...requirementsOf(read).flatMap(({ path, requirement }): Hit[] =>
        requirement.url === undefined && !isPinned(requirement.specifiers)
          ? [{ path, message: `\`${requirement.name}\` is not pinned` }]
          : [],
      ),
      ...condaOf(read).flatMap(({ path, spec }): Hit[] =>
        spec.name !== 'python' && spec.name !== 'pip' && (spec.version === undefined || /[<>!~*|]/.test(spec.version))
          ? [{ path, message: `\`${spec.name}\` is not pinned` }]
          : [],
      ),
    ],
  },
  {
    code: 'conflicting-pins',
    severity: 'error',
    title: 'Requirements that contradict each other',
    explanation:
      'No version satisfies both lines: two requirements or two specifications of conda, a requirement and a constraint, or a requirement and what conda installs.',
    example: 'numpy==1.26.4  # and numpy>=2 further down',
    run: (read) =>
      contradictionsIn(read).map(({ path, text, other }) => ({ path, message: `\`${text}\` contradicts ${other}` })),
  },
  {
    code: 'empty-range',
    severity: 'error',
    title: 'Range that no version fits',
    explanation: 'The bounds exclude each other.',
    example: 'numpy>=2,<1.5',
    run: (read) =>
      [
        ...requirementsOf(read).filter(({ requirement }) => isUnsatisfiable(requirement.specifiers)),
        ...condaOf(read).filter(isUnsatisfiableConda),
      ].map(({ path, text }) => ({ path, message: `no version fits \`${text}\`` })),
  },
  {
    code: 'duplicate-package',
    severity: 'warning',
    title: 'Package listed twice',
    explanation: 'Both lines hold at once; one of them is probably a leftover.',
    example: 'numpy  # twice',
    run: (read) => {
      const contradicting = contradictingPaths(read);
      const again = [
        ...grouped(requirementsOf(read)).flatMap(([first, ...others]) =>
          others
            .filter((each) => each.requirement.marker === undefined || first?.requirement.marker === undefined)
            .map(({ path, requirement }) => ({ path, name: requirement.name })),
        ),
        ...listedAgain(condaOf(read).filter(({ spec }) => spec.name !== 'python')).map(({ path, spec }) => ({
          path,
          name: spec.name,
        })),
      ];
      return again
        .filter(({ path }) => !contradicting.has(JSON.stringify(path)))
        .map(({ path, name }) => ({ path, message: `\`${name}\` is listed again` }));
    },
  },
  {
    code: 'package-in-conda-and-pip',
    severity: 'warning',
    title: 'Package from conda and from pip',
    explanation:
      'conda’s is installed first and pip’s requirement must fit it; two owners of the same files are a common cause of broken environments.',
    example: 'dependencies: [numpy, {pip: [numpy==2.0]}]',
    run: (read) => {
      const conda = new Set(condaOf(read).map(({ spec }) => normaliseName(spec.name)));
      return requirementsOf(read).flatMap(({ path, name, requirement }) =>
        conda.has(name) ? [{ path, message: `\`${requirement.name}\` comes from conda already` }] : [],
      );
    },
  },
  {
    code: 'import-name',
    severity: 'warning',
    title: 'Name of a module, not of a package',
    explanation:
      'The package that you import under this name is called otherwise on the index; the name there is a placeholder, or somebody else’s.',
    example: 'sklearn',
    fixable: true,
    run: (read) =>
      requirementsOf(read).flatMap(({ path, name, requirement }) => {
        const meant = importNames[name];
        return meant === undefined
          ? []
          : [
              {
                path,
                message: `\`${requirement.name}\` is the module of \`${meant}\``,
                help: `Write \`${meant}\`.`,
                fix: replacement(read, path, requirement.name, meant),
              },
            ];
      }),
  },
  {
    code: 'standard-library',
    severity: 'warning',
    title: 'Module of Python itself',
    explanation:
      'It comes with Python. A package of this name on the index is something else, and not always friendly.',
    example: 'argparse',
    run: (read) =>
      requirementsOf(read).flatMap(({ path, name, requirement }) =>
        standardLibrary.has(name)
          ? [{ path, message: `\`${requirement.name}\` comes with Python`, help: 'Remove the line.' }]
          : [],
      ),
  },
  {
    code: 'windows-only-package',
    severity: 'warning',
    title: 'Package for Windows only',
    explanation: 'It has no files for Linux and macOS; with a marker it is left out there.',
    example: 'pywin32',
    run: (read) =>
      requirementsOf(read).flatMap(({ path, name, requirement }) =>
        windowsOnly.has(name) && requirement.marker === undefined
          ? [
              {
                path,
                message: `\`${requirement.name}\` exists for Windows only`,
                help: `Write \`${requirement.name} ; sys_platform == "win32"\`, or remove it.`,
              },
            ]
          : [],
      ),
  },
  {
    code: 'unpinned-git',
    severity: 'warning',
    title: 'Repository without commit',
    explanation: 'A branch or tag can move. The lock keeps the commit; the text should name it too.',
    example: 'git+https://example.com/team/tool.git@main',
    run: (read) =>
      addressesOf(read).flatMap(({ path, text }) =>
        text.startsWith('git+') && !/@[0-9a-f]{40}(?:[#?]|$)/.test(text)
          ? [
              {
                path,
                about: text,
                message: 'the repository is not pinned to a commit',
                help: 'Write the full commit after `@`.',
              },
            ]
          : [],
      ),
  },
  {
    code: 'archive-without-hash',
    severity: 'warning',
    title: 'Archive without digest',
    explanation:
      'What is behind the address can be something else tomorrow. The lock keeps its digest; the text should name it too.',
    example: 'tool @ https://example.com/tool-1.0-py3-none-any.whl',
    run: (read) =>
      addressesOf(read).flatMap(({ path, text }) =>
        /^https?:/.test(text) && !/sha256=[0-9a-f]{64}/.test(text)
          ? [{ path, about: text, message: 'the archive has no digest', help: 'Add `#sha256=…` to the address.' }]
          : [],
      ),
  },
  {
    code: 'missing-inference-server',
    severity: 'warning',
    title: 'Deployment without inference server',
    explanation: 'The definition has `inference_config`, and no package that serves it.',
    example: 'inference_config: …  # without azureml-inference-server-http',
    run: (read) => {
      if (read.definition.inferenceConfig === undefined || read.definition.layer === undefined) return [];
      const names = [...requirementsOf(read).map(({ name }) => name), ...condaOf(read).map(({ spec }) => spec.name)];
      const serves = names.some((name) =>
        /^(?:azureml-defaults|azureml-inference-server-http|mlserver|fastapi|flask|bentoml|torchserve|tritonserver|uvicorn|gunicorn)$/.test(
          name,
        ),
      );
      return serves
        ? []
        : [
            {
              path: ['layer'],
              message: 'no package of the environment serves requests',
              help: 'Add `azureml-inference-server-http`.',
            },
          ];
    },
  },
];
