import {
  condaRangesOf,
  isEmptyRange,
  matchesSpecifier,
  normaliseName,
  rangeOf,
  type Specifier,
} from '../../requirements/index.ts';
import type { ReadResult } from '../read-result.ts';
import {
  type CondaDependency,
  condaOf,
  constraintsOf,
  type NamedRequirement,
  type Path,
  requirementsOf,
} from './parts.ts';

/** Two lines that cannot both hold; the place is the later one's. */
export interface Contradiction {
  path: Path;
  text: string;
  /** The other line, with its file if that says what it is. */
  other: string;
}

/**
 * Packages of conda-forge that are, under one name, the distribution of the index: its metadata is in them, so they pin it. Of other names one cannot
 * tell: conda's `graphviz` is the program, PyPI's a library for it.
 */
const sameInBoth = new Set(
  [
    'accelerate aiohttp attrs black boto3 certifi click cython dask datasets fastapi filelock flask fsspec gensim h5py',
    'httpx huggingface-hub imageio ipykernel ipython jinja2 joblib jsonschema jupyterlab keras lightgbm llvmlite',
    'matplotlib mlflow networkx nltk notebook numba numpy onnx optuna packaging pandas pillow pip polars psutil pyarrow',
    'pydantic pytest pytorch-lightning pyyaml regex requests rich safetensors scikit-image scikit-learn scipy seaborn',
    'sentencepiece setuptools shap six spacy sqlalchemy statsmodels sympy tokenizers torchvision tqdm transformers',
    'typing-extensions urllib3 uvicorn wheel',
  ]
    .join(' ')
    .split(' '),
);

/** Everything that surely cannot be installed together. Lines with a marker may not count, and are left out. */
export function contradictionsIn(read: ReadResult): Contradiction[] {
  const byName = groupByName(requirementsOf(read));
  const condaByName = groupByName(condaOf(read).map((each) => ({ ...each, name: normaliseName(each.spec.name) })));
  const constraints = constraintsOf(read);
  return [
    ...[...byName].flatMap(([name, lines]) => [
      ...laterOf(lines, contradict),
      ...lines.flatMap((each) =>
        (condaByName.get(name) ?? [])
          .filter((other) => contradictsConda(other, each))
          .map(({ text }) => ({ path: each.path, text: each.text, other: `\`${text}\`, which conda installs` })),
      ),
    ]),
    ...constraints.flatMap((constraint) =>
      (byName.get(constraint.name) ?? [])
        .filter((each) => contradict(constraint, each))
        .map(({ path, text }) => ({ path, text, other: `\`${constraint.text}\` in \`${constraint.file}\`` })),
    ),
    ...[...condaByName.values()].flatMap((lines) => laterOf(lines, condaContradict)),
  ];
}

function groupByName<T extends { name: string }>(lines: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const line of lines) groups.set(line.name, [...(groups.get(line.name) ?? []), line]);
  return groups;
}

/** Each line that contradicts one before it. */
function laterOf<T extends { path: Path; text: string }>(
  lines: readonly T[],
  areContradictory: (a: T, b: T) => boolean,
): Contradiction[] {
  return lines.flatMap((each, index) => {
    const earlier = lines.slice(0, index).find((other) => areContradictory(other, each));
    return earlier === undefined ? [] : [{ path: each.path, text: each.text, other: `\`${earlier.text}\`` }];
  });
}

/** True if surely no version satisfies the specifiers. */
export function isUnsatisfiable(specifiers: readonly Specifier[]): boolean {
  const pins = specifiers
    .filter(({ operator, version }) => operator === '===' || (operator === '==' && !version.endsWith('.*')))
    .map(({ version }) => version);
  // `==1.0` lets `1.0+cpu` in, so that any of several pins may be the one.
  if (pins.length > 0) return !pins.some((pin) => matchesSpecifier(pin, specifiers));
  return isEmptyRange(rangeOf(specifiers));
}

/** The same of a specification of conda. */
export function isUnsatisfiableConda({ spec }: CondaDependency): boolean {
  return condaRangesOf(spec).every((range) => isEmptyRange(range));
}

function contradict(a: NamedRequirement, b: NamedRequirement): boolean {
  return (
    a.name === b.name &&
    [a, b].every(({ requirement }) => requirement.marker === undefined && requirement.url === undefined) &&
    ![a, b].some(({ requirement }) => isUnsatisfiable(requirement.specifiers)) &&
    isUnsatisfiable([...a.requirement.specifiers, ...b.requirement.specifiers])
  );
}

function contradictsConda({ spec }: CondaDependency, { name, requirement }: NamedRequirement): boolean {
  if (normaliseName(spec.name) !== name || !sameInBoth.has(name)) return false;
  if (requirement.marker !== undefined || requirement.url !== undefined) return false;
  const wanted = rangeOf(requirement.specifiers);
  const ranges = condaRangesOf(spec).filter((range) => !isEmptyRange(range));
  return !isEmptyRange(wanted) && ranges.length > 0 && ranges.every((range) => isEmptyRange(range, wanted));
}

/** Python has a rule of its own. */
function condaContradict(a: CondaDependency, b: CondaDependency): boolean {
  if (a.spec.name !== b.spec.name || a.spec.name === 'python') return false;
  if (isUnsatisfiableConda(a) || isUnsatisfiableConda(b)) return false;
  const others = condaRangesOf(b.spec);
  return condaRangesOf(a.spec).every((range) => others.every((other) => isEmptyRange(range, other)));
}
