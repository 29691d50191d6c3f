/** The text exposition format, version 0.0.4. */

import type { Bounds } from './bounds.js';
import type { HistogramTotal } from './histogram-total.js';
import type { Label } from './labels.js';
import type { Family, Row } from './series-table.js';

/** HELP and TYPE of a family. */
export function textHeader(family: Family): string {
  const help = family.help.replace(/[\\\n]/g, (special) => (special === '\n' ? '\\n' : '\\\\'));
  return `# HELP ${family.name} ${help}\n# TYPE ${family.name} ${family.type}\n`;
}

/** All samples of one series in one family; empty when it has none. */
export function textSamples(family: Family, row: Row, bounds: Bounds): string {
  let text = '';
  for (const { slot, shape } of family.columns) {
    const cell = row.cells[slot];
    if (cell === undefined) continue;
    if (typeof cell === 'object') text += histogram(family.name, row.labels, cell, bounds);
    else text += `${family.name}${labelSet(row.labels, shape.label)} ${cell / shape.divisor}\n`;
  }
  return text;
}

function histogram(name: string, labels: string, cell: HistogramTotal, bounds: Bounds): string {
  const start = `${name}_bucket{${labels}${labels === '' ? '' : ','}le="`;
  const set = labels === '' ? '' : `{${labels}}`;
  const counts = cell.cumulate(bounds);
  let text = '';
  for (let i = 0; i < counts.length; i += 1) text += `${start}${bounds.labels[i]}"} ${counts[i]}\n`;
  return `${text}${start}+Inf"} ${cell.count}\n${name}_sum${set} ${cell.sumSeconds}\n${name}_count${set} ${cell.count}\n`;
}

function labelSet(labels: string, extra: Label | undefined): string {
  if (extra === undefined) return labels === '' ? '' : `{${labels}}`;
  return `{${labels}${labels === '' ? '' : ','}${extra[0]}="${extra[1]}"}`;
}
