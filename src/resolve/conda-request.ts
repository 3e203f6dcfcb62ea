import { condaName } from '../requirements/index.ts';
import type { Definition, PythonLayer, RequirementEntry } from '../schema/index.ts';

type CondaLayer = Extract<PythonLayer, { kind: 'conda' }>;

/** What a conda layer asks of each side. */
export interface CondaRequest {
  /** As written. */
  specs: string[];
  /** What conda would add. */
  implied: string[];
  /** Of all pip blocks, in their order. */
  pip: RequirementEntry[];
}

/** A pip block needs a Python and, for conda, a pip: where the file names none, both are meant. */
export function condaRequest({ python }: Definition, layer: CondaLayer): CondaRequest {
  const specs = layer.dependencies.filter((item) => typeof item === 'string');
  const pip = layer.dependencies.flatMap((item) => (typeof item === 'string' ? [] : item.pip));
  const named = new Set(specs.map(condaName));
  const implied: string[] = [];
  if (installsSomething(pip)) implied.push(...['python', 'pip'].filter((name) => !named.has(name)));
  const wanted = python.version?.trim();
  if (wanted !== undefined && wanted !== '') implied.push(pythonSpec(wanted));
  return { specs, implied, pip };
}

/** False for entries that are options and constraints only. */
export function installsSomething(entries: readonly RequirementEntry[]): boolean {
  return entries.some((entry) => {
    if (entry.type === 'include') return installsSomething(entry.entries);
    return entry.type === 'requirement' || entry.type === 'local';
  });
}

/** `3.11` means any 3.11, as elsewhere in a definition; a range stays one. */
function pythonSpec(version: string): string {
  const compact = version.replaceAll(/\s+/g, '');
  return /^\d+\.\d+(?:\.\d+)?$/.test(compact) ? `python ${compact}.*` : `python ${compact}`;
}
