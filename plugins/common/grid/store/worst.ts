/** The cells with the largest values, of grids of any size: one pass over the pairs that there are, no matrix. */

import { ByteReader } from './bytes.js';
import { addCounts, addDelay, COUNTS, type Count, DELAYS, type Delay, lossOf } from './cell.js';
import { DelaySums } from './delay-sums.js';
import { CELLS_PER_STEP, type Steps } from './slices.js';
import { DELAY_STATS, type DelayStat, figuresOf, type Plan, stateOf } from './view.js';
import type { GridWindow } from './window.js';

/** `loss` and the counts are of the probes, the others of the chosen delay. */
export type RankedBy = DelayStat | 'loss' | Count;

export interface RankedCell {
  readonly row: number;
  readonly column: number;
  readonly value: number;
  /** Of which the cell is made. */
  readonly pairs: readonly number[];
}

/** At most `n`, the largest value first; of equal ones the first in the grid. Durations are whole ns. */
export function* worstCells(
  window: GridWindow,
  { pairs, cells, columns }: Plan,
  stat: RankedBy,
  delay: Delay,
  n: number,
): Steps<RankedCell[]> {
  const reading = readingOf(stat, delay);
  const best: { readonly value: number; readonly from: number; readonly to: number }[] = [];
  const reader = new ByteReader();
  for (let i = 0; i < pairs.length; ) {
    const [from, cell] = [i, cells[i]];
    reading.clear();
    for (; i < pairs.length && cells[i] === cell; i += 1) {
      if (i % CELLS_PER_STEP === CELLS_PER_STEP - 1) yield;
      if (window.seek(pairs[i] ?? 0, reader)) reading.add(reader);
    }
    const value = reading.value();
    if (Number.isNaN(value) || (best.length === n && value <= (best.at(-1)?.value ?? 0))) continue;
    if (best.length === n) best.pop();
    best.splice(placeIn(best, value), 0, { value, from, to: i });
  }
  const width = columns.names.length;
  return best.map(({ value, from, to }) => {
    const cell = cells[from] ?? 0;
    return { row: Math.floor(cell / width), column: cell % width, value, pairs: [...pairs.subarray(from, to)] };
  });
}

/** Those of `pairs` that have a cell in the window: without a value first, then the largest value. */
export function* ranked(window: GridWindow, pairs: readonly number[], stat: RankedBy, delay: Delay): Steps<number[]> {
  const reading = readingOf(stat, delay);
  const reader = new ByteReader();
  const found: { readonly pair: number; readonly rank: number }[] = [];
  for (const [i, pair] of pairs.entries()) {
    if (i % CELLS_PER_STEP === CELLS_PER_STEP - 1) yield;
    if (!window.seek(pair, reader)) continue;
    reading.clear();
    reading.add(reader);
    const value = reading.value();
    found.push({ pair, rank: Number.isNaN(value) ? Number.POSITIVE_INFINITY : value });
  }
  return found.sort((a, b) => (a.rank === b.rank ? a.pair - b.pair : b.rank - a.rank)).map(({ pair }) => pair);
}

/** Behind all that are not smaller. */
function placeIn(descending: readonly { readonly value: number }[], value: number): number {
  let [low, high] = [0, descending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((descending[middle]?.value ?? 0) >= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Reads of each cell no more than its value takes. */
interface Reading {
  clear(): void;
  add(reader: ByteReader): void;
  /** NaN: the cell has none. */
  value(): number;
}

function readingOf(stat: RankedBy, delay: Delay): Reading {
  const place = (DELAY_STATS as readonly string[]).indexOf(stat);
  return place >= 0 ? delayReading(place, DELAYS.indexOf(delay)) : countReading(stat as 'loss' | Count);
}

function delayReading(stat: number, delay: number): Reading {
  const [sums, figures] = [new DelaySums(), new Float64Array(DELAY_STATS.length)];
  return {
    clear: () => sums.clear(),
    add: (reader) => addDelay(reader, delay, sums),
    value() {
      figuresOf(sums, figures);
      return Math.round(figures[stat] ?? Number.NaN);
    },
  };
}

function countReading(stat: 'loss' | Count): Reading {
  const counts = new Float64Array(COUNTS.length);
  return {
    clear: () => void counts.fill(0),
    add: (reader) => addCounts(reader, counts),
    value() {
      if (stat === 'loss') return lossOf(counts, 0);
      return stateOf(counts, 0) === 0 ? Number.NaN : (counts[COUNTS.indexOf(stat)] ?? 0);
    },
  };
}
