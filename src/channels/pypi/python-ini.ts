/** Sections of an INI file, each with its options by name as written. */
export type Ini = Map<string, Map<string, string>>;

/**
 * Reads INI as Python's `RawConfigParser` does: `=` or `:`, comments on lines of their own only, deeper lines continue a value (joined by `\n`).
 * Undefined for a file that Python refuses too: a line that is none of these.
 */
export function parsePythonIni(text: string): Ini | undefined {
  const sections: Ini = new Map();
  let section: Map<string, string> | undefined;
  let option: string | undefined;
  let indent = 0;
  for (const line of text.split(/\r?\n/)) {
    const content = line.trim();
    if (/^[#;]/.test(content)) continue;
    if (content === '') {
      if (section !== undefined && option !== undefined) section.set(option, `${section.get(option) ?? ''}\n`);
      continue;
    }
    const depth = line.length - line.trimStart().length;
    if (section !== undefined && option !== undefined && depth > indent) {
      section.set(option, `${section.get(option) ?? ''}\n${content}`);
      continue;
    }
    indent = depth;
    const header = /^\[(.+)\]/.exec(content)?.[1];
    if (header !== undefined) {
      section = sections.get(header) ?? new Map<string, string>();
      sections.set(header, section);
      option = undefined;
      continue;
    }
    const match = /^(.*?)\s*[=:]\s*(.*)$/.exec(content);
    if (match === null || section === undefined || match[1] === '') return undefined;
    option = match[1]?.toLowerCase() ?? '';
    section.set(option, match[2] ?? '');
  }
  for (const options of sections.values()) {
    for (const [name, value] of options) options.set(name, value.trimEnd());
  }
  return sections;
}
