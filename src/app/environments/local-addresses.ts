import { AppError } from '../../errors/index.ts';
import type { Definition, RequirementEntry } from '../../schema/index.ts';

const addressOptions = new Set(['--index-url', '--extra-index-url', '--find-links']);

/**
 * Refuses a definition of somebody on another machine that names a place in this machine's file system: as an index, a channel, a package.
 * @throws AppError INVALID_DEFINITION.
 */
export function refuseLocalAddresses({ layer }: Definition): void {
  if (layer?.kind === 'requirements') refuseInEntries(layer.entries);
  if (layer?.kind !== 'conda') return;
  for (const channel of layer.channels) if (/^(?:file:|[/.~])/i.test(channel)) throw refused(channel);
  for (const dependency of layer.dependencies) {
    if (typeof dependency !== 'string') refuseInEntries(dependency.pip);
    else if (/(?:^|[^\w-])file:|^[/.~]/i.test(dependency)) throw refused(dependency);
  }
}

function refuseInEntries(entries: readonly RequirementEntry[]): void {
  for (const entry of entries) {
    if (entry.type === 'include' || entry.type === 'constraint') refuseInEntries(entry.entries);
    else if (entry.type === 'requirement' && /(?:^|[^\w-])file:/i.test(entry.text)) throw refused(entry.text);
    else if (entry.type === 'option' && addressOptions.has(entry.name) && !/^https?:\/\//i.test(entry.value ?? ''))
      throw refused(`${entry.name} ${entry.value ?? ''}`);
  }
}

function refused(what: string): AppError {
  return new AppError('INVALID_DEFINITION', `\`${what}\` is a place in the file system of one machine`, {
    hint: 'On a server, indexes and channels have addresses with `http://` or `https://`; files are uploaded with the definition.',
  });
}
