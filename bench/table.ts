/** The bench's table as text. */

import type { BenchRow } from './bench-row.js';

const HEAD = ['', 'value', 'unit', 'limit', 'ratio', 'budget', ''];
const RIGHT_ALIGNED = new Set([1, 3, 4]);

export function formatTable(title: string, rows: readonly BenchRow[]): string {
  const lines = [HEAD.with(0, title), ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (RIGHT_ALIGNED.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ');
  return `${lines.map((line) => format(line).trimEnd()).join('\n')}\n`;
}

function cellsOf(row: BenchRow): string[] {
  const verdict = row.ok === undefined ? '' : row.ok ? 'ok' : 'OVER';
  const optional = (value: number | undefined): string => (value === undefined ? '' : formatNumber(value));
  return [
    row.name,
    formatNumber(row.value),
    row.unit,
    optional(row.limit),
    optional(row.ratio),
    row.budget ?? '',
    verdict,
  ];
}

/** Three significant digits for small figures, whole numbers for large ones. */
function formatNumber(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
