/** What the probes of one series add up to in one window. */

import { Distribution } from '../../../core/distribution.js';
import type { Fields } from '../../../core/metric.js';
import type { Target } from '../../../core/target.js';
import { RESULT_NAMES, type Slice } from '../../../native/index.js';
import type { Reading } from './reading.js';

const SUCCESS = RESULT_NAMES.indexOf('success');

/**
 * Up to so many successes their durations are kept as they are: that takes a third of the memory of distributions, and
 * an agent with 10 000 targets holds 20 000 of these sums.
 */
const MAX_SAMPLES = 32;

/** May be used for one window after the other: `clear` in between. */
export class Sums<T extends Target> {
  readonly #reading: Reading<T>;
  readonly #numbers: number[];
  /** The durations of each success, one success after the other; NaN what was not measured. */
  readonly #samples: number[] = [];
  /** How many of them count: an array that is emptied would give up its room. */
  #used = 0;
  #distributions: (Distribution | undefined)[] | undefined;

  constructor(reading: Reading<T>) {
    this.#reading = reading;
    this.#numbers = new Array<number>(reading.numbers).fill(0);
  }

  /** Adds record `i` of the slice, a probe of `target`. */
  add(slice: Slice, i: number, target: T): void {
    const reading = this.#reading;
    const result = slice.result(i);
    this.#numbers[result] = (this.#numbers[result] ?? 0) + 1;
    reading.count(this.#numbers, slice, i, target);
    if (result !== SUCCESS) return;
    reading.measure(this.#samples, this.#used, slice, i, target);
    this.#used += reading.durations;
    if (this.#used >= MAX_SAMPLES * reading.durations) this.#record();
  }

  /** Counts up to `count` of those under number `from` under number `to` instead; returns how many there were. */
  move(from: number, to: number, count: number): number {
    const moved = Math.min(count, this.#numbers[from] ?? 0);
    this.#numbers[from] = (this.#numbers[from] ?? 0) - moved;
    this.#numbers[to] = (this.#numbers[to] ?? 0) + moved;
    return moved;
  }

  fields(): Fields {
    this.#record();
    return this.#reading.fields(this.#numbers, this.#distributions ?? []);
  }

  /** Forgets everything but the room it took. What `fields` returned stays as it is. */
  clear(): void {
    this.#numbers.fill(0);
    this.#used = 0;
    this.#distributions = undefined;
  }

  /** Moves the samples to the distributions. */
  #record(): void {
    if (this.#used === 0) return;
    const width = this.#reading.durations;
    this.#distributions ??= new Array<undefined>(width).fill(undefined);
    for (let column = 0; column < width; column += 1) {
      this.#distributions[column] = this.#recordColumn(column, width, this.#distributions[column]);
    }
    this.#used = 0;
  }

  #recordColumn(column: number, width: number, known: Distribution | undefined): Distribution | undefined {
    let values = known;
    for (let i = column; i < this.#used; i += width) {
      const ns = this.#samples[i] ?? Number.NaN;
      if (Number.isNaN(ns)) continue;
      values ??= new Distribution();
      values.record(ns);
    }
    return values;
  }
}
