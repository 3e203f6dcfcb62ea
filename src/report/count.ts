/** "1 package", "2 packages", "3 entries". */
export function formatCount(count: number, word: string): string {
  return `${count} ${count === 1 ? word : word.replace(/(?:y|)$/, (end) => (end === 'y' ? 'ies' : 's'))}`;
}
