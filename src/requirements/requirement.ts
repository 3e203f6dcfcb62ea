import { isMarker } from './marker.ts';
import { isDistributionName } from './name.ts';
import { parseSpecifiers, type Specifier } from './specifier.ts';

/** A requirement by name (PEP 508). */
export interface Requirement {
  /** As written. */
  name: string;
  extras: string[];
  specifiers: Specifier[];
  /** For `name @ url`. */
  url: string | undefined;
  marker: string | undefined;
}

/** Takes a PEP 508 text apart; undefined if it is none (a bare URL or a path is none). */
export function parseRequirement(text: string): Requirement | undefined {
  const head = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*(.*)$/s.exec(text);
  const name = head?.[1];
  if (head === null || name === undefined || !isDistributionName(name)) return undefined;
  const extras = splitExtras(head[2]);
  if (extras === undefined) return undefined;
  const rest = head[3] ?? '';
  if (rest.startsWith('@')) {
    const place = splitUrl(rest.slice(1).trim());
    return place === undefined ? undefined : { name, extras, specifiers: [], ...place };
  }
  const split = rest.indexOf(';');
  const marker = split === -1 ? undefined : rest.slice(split + 1).trim();
  const versions = (split === -1 ? rest : rest.slice(0, split)).trim();
  const specifiers = parseSpecifiers(
    versions.startsWith('(') && versions.endsWith(')') ? versions.slice(1, -1) : versions,
  );
  if (specifiers === undefined || (marker !== undefined && !isMarker(marker))) return undefined;
  return { name, extras, specifiers, url: undefined, marker };
}

function splitExtras(text: string | undefined): string[] | undefined {
  if (text === undefined || text.trim() === '') return [];
  const extras = text.split(',').map((extra) => extra.trim());
  return extras.every(isDistributionName) ? extras : undefined;
}

/** A URL's `;` counts as the marker's only with a blank before it. */
function splitUrl(text: string): { url: string; marker: string | undefined } | undefined {
  const match = /^(\S+?)(?:\s+;\s*(.*))?$/s.exec(text);
  const url = match?.[1];
  const marker = match?.[2];
  if (url === undefined || url.endsWith(';') || (marker !== undefined && !isMarker(marker))) return undefined;
  return { url, marker };
}
