/**
 * What the output remembers of each series: since when it counts, up to when, and, where totals are sent, how much. A batch
 * works on a draft, which becomes the truth when the receiver has taken it: what is written twice is added once.
 */

import { Distribution } from '../../../core/distribution.js';
import { isEndOfSeries, type Metric, seriesKey } from '../../../core/metric.js';
import type { NumericField } from './naming.js';

export interface TotalsOptions {
  /** Whether the sums themselves are kept; otherwise only the time of the last point. */
  readonly cumulative: boolean;
  /** Length of a window: how far back the first metric of a series reaches. */
  readonly windowNs: bigint;
  readonly expiryMs: number;
  readonly maxSeries: number;
}

const NEVER = -1n;
/** To OTLP, 0 is an unknown time. */
const NO_START = 0n;

interface Cell {
  readonly kind: string;
  readonly unit: string;
  readonly startNs: bigint;
  value: number | Distribution;
}

interface Series {
  /** Of its newest point. */
  lastNs: bigint;
  seenMs: number;
  readonly cells: Map<string, Cell>;
}

/** What a field has to say at the time of its metric. A distribution is not to be changed, and valid until the next metric. */
export interface Reading {
  readonly startNs: bigint;
  readonly value: number | Distribution;
}

/** A metric's place in a draft. Fields are read in any order, each once. */
export interface Entry {
  /** Undefined: nothing to be sent, but the next point of the series has it. */
  read(key: string, field: NumericField): Reading | undefined;
}

export class Totals {
  readonly #options: TotalsOptions;
  readonly #series = new Map<string, Series>();

  constructor(options: TotalsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#series.size;
  }

  /** `nowMs` is monotonic. */
  draft(nowMs: number): Draft {
    return new Draft(this.#options, this.#series, nowMs);
  }

  /** Forgets the series whose metrics ceased. */
  expire(nowMs: number): void {
    for (const [key, { seenMs }] of this.#series) {
      if (nowMs - seenMs > this.#options.expiryMs) this.#series.delete(key);
    }
  }
}

export class Draft {
  readonly #options: TotalsOptions;
  readonly #settled: Map<string, Series>;
  readonly #nowMs: number;
  /** Undefined: the series has ended. */
  readonly #changed = new Map<string, Series | undefined>();
  #added = 0;

  constructor(options: TotalsOptions, settled: Map<string, Series>, nowMs: number) {
    this.#options = options;
    this.#settled = settled;
    this.#nowMs = nowMs;
  }

  /** Undefined when totals are wanted and there is no room for one more series. */
  enter(metric: Metric): Entry | undefined {
    const series = this.#open(seriesKey(metric));
    const { windowNs, cumulative } = this.#options;
    if (series === undefined && cumulative) return undefined;
    const { timeNs } = metric;
    const lastNs = series?.lastNs ?? NEVER;
    // A count reaches back to the metric before it. What is older than that was kept somewhere: its own window, then.
    const sinceNs = lastNs !== NEVER && lastNs < timeNs ? lastNs : atLeastZero(timeNs - windowNs);
    if (series !== undefined && timeNs > lastNs) series.lastNs = timeNs;
    if (series === undefined || !cumulative) return { read: (_, field) => plain(field, sinceNs) };
    // A total of now does not belong into the past, and time series databases take none there.
    const isLate = timeNs < lastNs;
    return {
      read(key, field) {
        const reading = added(series.cells, key, field, sinceNs);
        return isLate && field.kind !== 'gauge' ? undefined : reading;
      },
    };
  }

  /** Notes that the series is over; a later metric starts it anew. */
  end(metric: Metric): void {
    if (isEndOfSeries(metric)) this.#changed.set(seriesKey(metric), undefined);
  }

  commit(): void {
    for (const [key, series] of this.#changed) {
      if (series === undefined) this.#settled.delete(key);
      else this.#settled.set(key, series);
    }
  }

  #open(key: string): Series | undefined {
    const changed = this.#changed.get(key);
    if (changed !== undefined) return changed;
    const settled = this.#changed.has(key) ? undefined : this.#settled.get(key);
    if (settled === undefined) {
      if (this.#settled.size + this.#added >= this.#options.maxSeries) return undefined;
      this.#added += 1;
    }
    const series = { lastNs: settled?.lastNs ?? NEVER, seenMs: this.#nowMs, cells: copied(settled?.cells) };
    this.#changed.set(key, series);
    return series;
  }
}

/** A gauge is what it is at one time; only what adds up has a start. */
function plain({ kind, value }: NumericField, sinceNs: bigint): Reading {
  return { startNs: kind === 'gauge' ? NO_START : sinceNs, value };
}

/** Adds the field to its total. A field that changes its kind or unit counts from there on. */
function added(cells: Map<string, Cell>, key: string, field: NumericField, sinceNs: bigint): Reading {
  if (field.kind === 'gauge') return plain(field, sinceNs);
  let cell = cells.get(key);
  if (cell === undefined || cell.kind !== field.kind || cell.unit !== field.unit) {
    const value = field.kind === 'count' ? 0 : new Distribution();
    cell = { kind: field.kind, unit: field.unit, startNs: sinceNs, value };
    cells.set(key, cell);
  }
  if (field.kind === 'count') cell.value = Number(cell.value) + field.value;
  else if (typeof cell.value === 'object') cell.value.merge(field.value);
  return { startNs: cell.startNs, value: cell.value };
}

function copied(cells: ReadonlyMap<string, Cell> = new Map()): Map<string, Cell> {
  const copy = new Map<string, Cell>();
  for (const [key, cell] of cells) {
    copy.set(key, { ...cell, value: typeof cell.value === 'object' ? cell.value.clone() : cell.value });
  }
  return copy;
}

function atLeastZero(timeNs: bigint): bigint {
  return timeNs < 0n ? 0n : timeNs;
}
