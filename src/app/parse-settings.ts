import { createShapeReader, parseYaml, type SourceDocument, throwProblems } from '../documents/index.ts';
import { defaultSettings, type WorkspaceSettings } from '../schema/index.ts';
import { isRegistryPrefix } from './images/registry-prefix.ts';

/** The text of a settings file; what it leaves out has its default. @throws AppError INVALID_SETTINGS with all that is wrong. */
export function parseSettings(source: SourceDocument): WorkspaceSettings {
  if (saysNothing(source.text)) return defaultSettings;
  const reader = createShapeReader(parseYaml(source, 'INVALID_SETTINGS'));
  reader.map([], ['keep_archives', 'global_registry'], 'the settings of a workspace');
  const settings = {
    keepArchives: reader.flag(['keep_archives']) ?? defaultSettings.keepArchives,
    globalRegistry: reader.text(['global_registry'])?.trim() ?? defaultSettings.globalRegistry,
  };
  if (settings.globalRegistry !== null && !isRegistryPrefix(settings.globalRegistry))
    reader.report(
      ['global_registry'],
      `\`${settings.globalRegistry}\` is no registry`,
      'Write it like `registry.example` or `registry.example/curated`.',
    );
  if (reader.problems.length > 0) throwProblems('INVALID_SETTINGS', reader.problems);
  return settings;
}

/** Settings that were all commented out are no mistake, unlike an empty definition. */
function saysNothing(text: string): boolean {
  return text.split('\n').every((line) => /^\uFEFF?\s*(?:#.*|---\s*)?$/.test(line));
}
