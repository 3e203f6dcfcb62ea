import { normaliseName } from '../../requirements/index.ts';
import type { PypiOptions } from '../../resolve/index.ts';
import type { PipConfiguration } from './pip-configuration.ts';

/** uv's options for which packages may come as wheels and as sources. */
export function binaryArguments({ binaryRules }: PypiOptions, pip: PipConfiguration): string[] {
  const source = new Set<string>();
  const wheels = new Set<string>();
  const configured = [
    ...pip.noBinary.map((names) => ({ use: 'source' as const, names })),
    ...pip.onlyBinary.map((names) => ({ use: 'wheels' as const, names })),
  ];
  for (const { use, names } of [...configured, ...binaryRules]) {
    if (use === 'source') apply(names, source, wheels);
    else apply(names, wheels, source);
  }
  return [...flags('--no-binary', source), ...flags('--only-binary', wheels)];
}

/** pip's rule: the last one that names a package counts; `:all:` ends what was said before, `:none:` empties the list. */
function apply(names: string, target: Set<string>, other: Set<string>): void {
  for (const item of names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')) {
    if (item === ':all:') {
      other.clear();
      target.clear();
      target.add(item);
    } else if (item === ':none:') {
      target.clear();
    } else {
      other.delete(normaliseName(item));
      target.add(normaliseName(item));
    }
  }
}

function flags(option: string, names: ReadonlySet<string>): string[] {
  return [...names].flatMap((name) => [option, name]);
}
