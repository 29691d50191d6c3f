/**
 * The grid of one window at one level: dense matrices, row = source, row-major. Values of a level are those of merged
 * distributions and summed counts; nothing is averaged.
 */

import type { Axis } from './axis.js';
import { ByteReader } from './bytes.js';
import { addCounts, addDelay, COUNTS, type Count, DELAYS, type Delay, lossOf } from './cell.js';
import { DelaySums } from './delay-sums.js';
import type { Mesh } from './mesh.js';
import { CELLS_PER_STEP, COUNTS_PER_STEP, PAIRS_PER_STEP, type Steps } from './slices.js';
import type { GridWindow } from './window.js';

/** Of one delay; ns, but for `count`. The quantiles come first, in the order of QUANTILES. */
export const DELAY_STATS = ['p50', 'p90', 'p95', 'p99', 'p999', 'mean', 'min', 'max', 'count'] as const;
export type DelayStat = (typeof DELAY_STATS)[number];
const QUANTILES = [0.5, 0.9, 0.95, 0.99, 0.999] as const;

/** The pairs in the order of the cells of a view that they belong to; pairs that are on neither axis are left out. */
export interface Plan {
  readonly rows: Axis;
  readonly columns: Axis;
  readonly pairs: Int32Array;
  /** Cell of each of `pairs`, ascending. Not of 32 bits: 10^5 hosts have 10^10 cells. */
  readonly cells: Float64Array;
}

/** Two counting sorts, by column and then by row. */
export function* planOf(mesh: Mesh, rows: Axis, columns: Axis): Steps<Plan> {
  const [row, column] = [new Int32Array(mesh.capacity), new Int32Array(mesh.capacity)];
  const taken = new Int32Array(mesh.capacity);
  let count = 0;
  for (let pair = 0; pair < mesh.capacity; pair += 1) {
    if (pair % PAIRS_PER_STEP === PAIRS_PER_STEP - 1) yield;
    if (!mesh.isLive(pair)) continue;
    const [r, c] = [rows.indexOf[mesh.srcOf(pair)] ?? -1, columns.indexOf[mesh.dstOf(pair)] ?? -1];
    if (r < 0 || c < 0) continue;
    row[pair] = r;
    column[pair] = c;
    taken[count++] = pair;
  }
  const byColumn = yield* sortedBy(taken.subarray(0, count), column, columns.names.length);
  const pairs = yield* sortedBy(byColumn, row, rows.names.length);
  const cells = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const pair = pairs[i] ?? 0;
    cells[i] = (row[pair] ?? 0) * columns.names.length + (column[pair] ?? 0);
  }
  return { rows, columns, pairs, cells };
}

/** Stable; `keys` by item. */
function* sortedBy(items: Int32Array, keys: Int32Array, keyCount: number): Steps<Int32Array> {
  const starts = new Int32Array(keyCount + 1);
  for (let i = 0; i < items.length; i += 1) {
    const key = keys[items[i] ?? 0] ?? 0;
    starts[key + 1] = (starts[key + 1] ?? 0) + 1;
  }
  for (let key = 1; key <= keyCount; key += 1) starts[key] = (starts[key] ?? 0) + (starts[key - 1] ?? 0);
  yield;
  const sorted = new Int32Array(items.length);
  for (let i = 0; i < items.length; i += 1) {
    const item = items[i] ?? 0;
    const key = keys[item] ?? 0;
    const place = starts[key] ?? 0;
    sorted[place] = item;
    starts[key] = place + 1;
    if (i % PAIRS_PER_STEP === PAIRS_PER_STEP - 1) yield;
  }
  return sorted;
}

export function cellsOf({ rows, columns }: Plan): number {
  return rows.names.length * columns.names.length;
}

/** The counts of all cells, cell by cell, each in the order of COUNTS; 0 where nothing is known. */
export function* countsOf(window: GridWindow, { pairs, cells, ...plan }: Plan): Steps<Float64Array> {
  const reader = new ByteReader();
  const counts = new Float64Array(plan.rows.names.length * plan.columns.names.length * COUNTS.length);
  for (let i = 0; i < pairs.length; i += 1) {
    if (window.seek(pairs[i] ?? 0, reader)) addCounts(reader, counts, (cells[i] ?? 0) * COUNTS.length);
    if (i % COUNTS_PER_STEP === COUNTS_PER_STEP - 1) yield;
  }
  return counts;
}

/** One of the counts, as a matrix. */
export function countMatrix(counts: Float64Array, name: Count): Float64Array {
  const offset = COUNTS.indexOf(name);
  const matrix = new Float64Array(counts.length / COUNTS.length);
  for (let cell = 0; cell < matrix.length; cell += 1) matrix[cell] = counts[cell * COUNTS.length + offset] ?? 0;
  return matrix;
}

/** NaN where no probe succeeded. */
export type DelayMatrices = Readonly<Record<DelayStat, Float64Array>>;

export function* delayMatrices(window: GridWindow, plan: Plan, delay: Delay): Steps<DelayMatrices> {
  const { pairs, cells } = plan;
  const place = DELAYS.indexOf(delay);
  const [reader, sums, figures] = [new ByteReader(), new DelaySums(), new Float64Array(DELAY_STATS.length)];
  const ordered = DELAY_STATS.map(() => new Float64Array(cellsOf(plan)).fill(Number.NaN));
  for (let i = 0; i < pairs.length; ) {
    const cell = cells[i] ?? 0;
    sums.clear();
    for (; i < pairs.length && cells[i] === cell; i += 1) {
      if (window.seek(pairs[i] ?? 0, reader)) addDelay(reader, place, sums);
      if (i % CELLS_PER_STEP === CELLS_PER_STEP - 1) yield;
    }
    if (sums.count === 0) continue;
    figuresOf(sums, figures);
    for (let stat = 0; stat < figures.length; stat += 1) (ordered[stat] ?? figures)[cell] = figures[stat] ?? 0;
  }
  return Object.fromEntries(DELAY_STATS.map((stat, i) => [stat, ordered[i]])) as unknown as DelayMatrices;
}

/** All figures of one distribution, in the order of DELAY_STATS; NaN without values. */
export function figuresOf(sums: DelaySums, into: Float64Array): void {
  if (sums.count === 0) return void into.fill(Number.NaN);
  sums.quantiles(QUANTILES, into);
  into[QUANTILES.length] = sums.meanNs;
  into[QUANTILES.length + 1] = sums.minNs;
  into[QUANTILES.length + 2] = sums.maxNs;
  into[QUANTILES.length + 3] = sums.count;
}

/** `timeout / sent` of the summed counts; NaN where nothing was sent. */
export function lossMatrix(counts: Float64Array): Float64Array {
  return new Float64Array(counts.length / COUNTS.length).map((_, cell) => lossOf(counts, cell * COUNTS.length));
}

/** What is known of a cell: nothing; probes but no answer in time; answers. */
export const STATES = ['no_data', 'failure', 'value'] as const;
export type State = 0 | 1 | 2;

export function stateMatrix(counts: Float64Array): Uint8Array {
  return new Uint8Array(counts.length / COUNTS.length).map((_, cell) => stateOf(counts, cell * COUNTS.length));
}

/** Of the cell whose counts begin at `at`. */
export function stateOf(counts: Float64Array, at: number): State {
  if ((counts[at + SUCCESS] ?? 0) > 0) return 2;
  return (counts[at + SENT] ?? 0) + (counts[at + SEND_ERROR] ?? 0) > 0 ? 1 : 0;
}
const [SUCCESS, SENT, SEND_ERROR] = [COUNTS.indexOf('success'), COUNTS.indexOf('sent'), COUNTS.indexOf('send_error')];
