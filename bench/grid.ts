/**
 * The grid's store under the rows of 10 000 hosts, 30 targets each, with as many windows as it keeps: what it costs to add
 * a metric, what a cell weighs, and how long one waits for the grid of 250 ToRs while rows arrive. In a process of its own,
 * so that its memory is its own.
 */

import { fileURLToPath } from 'node:url';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { JsonChild } from './child.js';

export interface GridFigures {
  readonly cells: number;
  readonly bytesPerCell: number;
  readonly rssMb: number;
  readonly addUs: number;
  readonly tors: number;
  /** Of the first answer of each kind, for a window that nobody asked for before. */
  readonly firstMs: number;
  /** The longest that one of them kept the event loop from others. */
  readonly blockedMs: number;
  readonly answerP50Ms: number;
  readonly answerP99Ms: number;
  readonly answers: number;
}

const MAX_ANSWER_MS = 50;
const MAX_RSS_MB = 1500;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const windows = quick ? 6 : 60;
  const child = new JsonChild(process.execPath, [
    fileURLToPath(new URL('./grid-process.js', import.meta.url)),
    `${windows}`,
  ]);
  try {
    const figures = await child.next<GridFigures>();
    const { answerP99Ms, rssMb } = figures;
    return [
      { name: `grid: cells in ${windows} windows`, value: figures.cells, unit: '' },
      { name: 'grid: a cell', value: figures.bytesPerCell, unit: 'bytes' },
      { name: 'grid: CPU to add a metric', value: figures.addUs, unit: 'µs' },
      { name: `grid: RSS, ${windows} windows`, value: rssMb, unit: 'MB', budget: '≤ 1500 MB', ok: rssMb <= MAX_RSS_MB },
      { name: `grid: answer of ${figures.tors} ToRs, p50`, value: figures.answerP50Ms, unit: 'ms' },
      {
        name: `grid: answer of ${figures.tors} ToRs, p99`,
        value: answerP99Ms,
        unit: 'ms',
        budget: '≤ 50 ms',
        ok: answerP99Ms <= MAX_ANSWER_MS,
      },
      { name: 'grid: first answer for another window', value: figures.firstMs, unit: 'ms' },
      { name: 'grid: longest step of such an answer', value: figures.blockedMs, unit: 'ms' },
    ];
  } finally {
    await child.dispose();
  }
}
