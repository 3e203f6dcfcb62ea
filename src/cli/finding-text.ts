import type { Finding } from '../app/index.ts';
import { formatCount } from '../report/index.ts';
import type { Style } from '../report/render/index.ts';

export function findingLines(finding: Finding, style: Style): string[] {
  const paint = { error: style.red, warning: style.yellow, info: style.cyan }[finding.severity];
  const { position } = finding;
  const where = position === undefined ? '' : `${style.bold(`${position.file}:${position.line}:${position.column}:`)} `;
  const lines = [`${where}${paint(finding.severity)} ${style.dim(finding.code)}: ${finding.message}`];
  if (finding.help !== undefined) lines.push(`  ${style.cyan('help:')} ${finding.help}`);
  return lines;
}

export function summaryLine(findings: readonly Finding[], style: Style): string {
  const count = (severity: Finding['severity']): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, infos] = [count('error'), count('warning'), count('info')];
  if (errors + warnings + infos === 0) return style.green('nothing to complain about');
  const fixable = findings.filter(({ fix }) => fix !== undefined).length;
  const counts = [plural(errors, 'error'), plural(warnings, 'warning'), plural(infos, 'note')].filter(
    (text) => text !== undefined,
  );
  return `${counts.join(', ')}${fixable === 0 ? '' : `; --fix repairs ${fixable}`}`;
}

function plural(count: number, word: string): string | undefined {
  if (count === 0) return undefined;
  return formatCount(count, word);
}
