import { stringify } from 'yaml';
import type { Captured, CapturedWheel } from './captured.ts';

/** A definition that asks for exactly what was found: a conda file, or an environment file with requirements. */
export function capturedText({ kind, channels, conda, wheels, variables, python }: Captured): string {
  const pins = wheels.map(requirementOf);
  if (kind === 'venv') return stringify({ python: { version: python }, requirements: pins });
  return stringify({
    channels: [...channels, 'nodefaults'],
    dependencies: [
      ...conda.map(({ name, version, build }) => `${name}=${version}=${build}`),
      ...(pins.length === 0 ? [] : [{ pip: pins }]),
    ],
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
  });
}

function requirementOf({ name, version, source }: CapturedWheel): string {
  switch (source?.kind) {
    case undefined:
      return `${name}==${version}`;
    case 'archive':
      return `${name} @ ${source.url}`;
    case 'git':
      return `${name} @ git+${source.url}@${source.commit}${source.subdirectory === undefined ? '' : `#subdirectory=${source.subdirectory}`}`;
  }
}
