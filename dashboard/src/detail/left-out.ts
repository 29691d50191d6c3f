/** What a history says when it does not reach as far back as the grid. */

export function leftOutNote(windows: number): string {
  if (windows === 0) return '';
  return `Older windows are kept, but not shown: ${windows}. To add up so many pairs would take too long.`;
}
