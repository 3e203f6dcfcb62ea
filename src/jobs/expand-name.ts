const namePlaceholder = /\$\{\{\s*name\s*\}\}/g;

/** Puts the run's id in the place of `${{name}}`, the one placeholder that the path of an output may have. */
export function expandName(text: string, name: string): string {
  return text.replaceAll(namePlaceholder, () => name);
}
