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
/** Successes that room is made for at a time: those of a window at the usual rate, a probe a second. */
const ROOM = 10;

/** May be used for one window after the other: `clear` in between. */
export class Sums<T extends Target> {
  readonly #reading: Reading<T>;
  /**
   * The numbers of the reading, and behind them the durations of each success, one success after the other; NaN what was
   * not measured. One array and no spare room, since there are so many of them.
   */
  #values: number[];
  /** Where the durations end: an array that is emptied would give up its room. */
  #end: number;
  #distributions: (Distribution | undefined)[] | undefined;

  constructor(reading: Reading<T>) {
    this.#reading = reading;
    this.#values = new Array<number>(reading.numbers).fill(0);
    this.#end = reading.numbers;
  }

  /** Adds record `i` of the slice, a probe of `target`. */
  add(slice: Slice, i: number, target: T): void {
    const reading = this.#reading;
    const result = slice.result(i);
    this.#values[result] = (this.#values[result] ?? 0) + 1;
    reading.count(this.#values, slice, i, target);
    if (result !== SUCCESS) return;
    if (this.#end === this.#values.length) this.#makeRoom();
    reading.measure(this.#values, this.#end, slice, i, target);
    this.#end += reading.durations;
    if (this.#end >= reading.numbers + MAX_SAMPLES * reading.durations) this.#record();
  }

  /** Counts up to `count` of those under number `from` under number `to` instead; returns how many there were. */
  move(from: number, to: number, count: number): number {
    const moved = Math.min(count, this.#values[from] ?? 0);
    this.#values[from] = (this.#values[from] ?? 0) - moved;
    this.#values[to] = (this.#values[to] ?? 0) + moved;
    return moved;
  }

  fields(): Fields {
    this.#record();
    for (const one of this.#distributions ?? []) one?.trim();
    return this.#reading.fields(this.#values, this.#distributions ?? []);
  }

  /** Forgets everything but the room it took. What `fields` returned stays as it is. */
  clear(): void {
    this.#values.fill(0, 0, this.#reading.numbers);
    this.#end = this.#reading.numbers;
    this.#distributions = undefined;
  }

  #makeRoom(): void {
    const { numbers, durations } = this.#reading;
    const successes = Math.min((this.#values.length - numbers) / durations + ROOM, MAX_SAMPLES);
    const roomier = new Array<number>(numbers + successes * durations).fill(Number.NaN);
    for (let i = 0; i < this.#values.length; i += 1) roomier[i] = this.#values[i] ?? Number.NaN;
    this.#values = roomier;
  }

  /** Moves the durations to the distributions. */
  #record(): void {
    const { numbers, durations } = this.#reading;
    if (this.#end === numbers) return;
    this.#distributions ??= new Array<undefined>(durations).fill(undefined);
    for (let column = 0; column < durations; column += 1) {
      this.#distributions[column] = this.#recordColumn(numbers + column, durations, this.#distributions[column]);
    }
    this.#end = numbers;
  }

  #recordColumn(from: number, width: number, known: Distribution | undefined): Distribution | undefined {
    let values = known;
    for (let i = from; i < this.#end; i += width) {
      const ns = this.#values[i] ?? Number.NaN;
      if (Number.isNaN(ns)) continue;
      values ??= new Distribution();
      values.record(ns);
    }
    return values;
  }
}
