/**
 * What an output has not written yet: a bounded queue that drops its oldest metric when it is full. A batch is a
 * transaction: it is taken, written by the output, and then settled. Every metric ends in exactly one counter:
 * `added = written + rejected + dropped + length`, at any moment.
 */

import type { Metric } from '../metric.js';

/** What became of a batch; indices into it. What neither list names is kept or rejected. */
export interface BatchOutcome {
  readonly accepted: readonly number[];
  readonly rejected: readonly number[];
  readonly rest: 'keep' | 'reject';
}

const INITIAL_SLOTS = 1024;

export class MetricBuffer {
  readonly limit: number;
  /** Ring; grows to `limit` by doubling, as most outputs never hold more than a batch or two. */
  #slots: (Metric | undefined)[];
  #head = 0;
  #size = 0;
  /** The batch in flight stands at the front of the ring, but for its first `#evicted` metrics. */
  #batch: readonly Metric[] | undefined;
  #evicted = 0;
  #added = 0;
  #written = 0;
  #rejected = 0;
  #dropped = 0;

  constructor(limit: number) {
    this.limit = limit;
    this.#slots = new Array<Metric | undefined>(Math.min(limit, INITIAL_SLOTS)).fill(undefined);
  }

  get added(): number {
    return this.#added;
  }

  /** Accepted by the output. */
  get written(): number {
    return this.#written;
  }

  /** Refused by the output for good. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Lost to overflow, or given up at the end. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Metrics held. At most `limit`, plus those of a batch in flight that newer ones displaced. */
  get length(): number {
    return this.#size + this.#evicted;
  }

  /** Metrics that wait and are in no batch. */
  get waiting(): number {
    return this.length - (this.#batch?.length ?? 0);
  }

  /**
   * Adds the newest metric. A full buffer loses its oldest: at once if that waits, or when its batch is settled if it
   * is in flight and comes back. Returns false if a metric was dropped now.
   */
  add(metric: Metric): boolean {
    this.#added += 1;
    const dropped = this.#makeRoom();
    this.#slots[(this.#head + this.#size) % this.#slots.length] = metric;
    this.#size += 1;
    return !dropped;
  }

  /** Takes up to `max` of the oldest metrics. They stay in the buffer until `settle`; one batch at a time. */
  takeBatch(max: number): readonly Metric[] {
    if (this.#batch !== undefined) throw new Error('a batch is in flight already');
    const batch: Metric[] = [];
    for (let i = 0; i < Math.min(max, this.#size); i += 1) {
      const metric = this.#slots[(this.#head + i) % this.#slots.length];
      if (metric !== undefined) batch.push(metric);
    }
    if (batch.length > 0) this.#batch = batch;
    return batch;
  }

  /** The whole batch is accepted, refused for good, or to be written again. */
  accept(batch: readonly Metric[]): void {
    if (this.#finish(batch)) this.#written += batch.length;
  }

  reject(batch: readonly Metric[]): void {
    if (this.#finish(batch)) this.#rejected += batch.length;
  }

  keep(batch: readonly Metric[]): void {
    this.settle(batch, { accepted: [], rejected: [], rest: 'keep' });
  }

  /**
   * Settles a batch in parts. Indices that are out of range or named twice are the output's mistake: the first of an
   * index counts, the others do not. A batch that is not in flight any more (the buffer was drained) is ignored.
   */
  settle(batch: readonly Metric[], outcome: BatchOutcome): void {
    const evicted = this.#evicted;
    if (!this.#finish(batch)) return;
    const settled = new Uint8Array(batch.length);
    this.#written += mark(settled, outcome.accepted);
    this.#rejected += mark(settled, outcome.rejected);
    for (let i = batch.length - 1; i >= 0; i -= 1) {
      if (settled[i] === 1) continue;
      if (outcome.rest === 'reject') this.#rejected += 1;
      else if (i < evicted) this.#dropped += 1;
      else this.#putBack(batch[i]);
    }
  }

  /** Ends the transaction of a batch whose outcome will not be waited for: what is in flight waits again. */
  recall(): void {
    if (this.#batch !== undefined) this.keep(this.#batch);
  }

  /** Empties the buffer and returns what it held, oldest first. It then counts as never added: it goes elsewhere. */
  drain(): readonly Metric[] {
    this.recall();
    const held: Metric[] = [];
    for (; this.#size > 0; this.#advance(1)) {
      const metric = this.#slots[this.#head];
      if (metric !== undefined) held.push(metric);
    }
    this.#added -= held.length;
    return held;
  }

  /** Gives up everything that is held, and counts it as dropped. Returns how many that were. */
  dropAll(): number {
    const lost = this.drain().length;
    this.#added += lost;
    this.#dropped += lost;
    return lost;
  }

  /** Takes the batch out of the ring; false if it is not the one in flight. */
  #finish(batch: readonly Metric[]): boolean {
    if (batch !== this.#batch) return false;
    this.#advance(batch.length - this.#evicted);
    this.#batch = undefined;
    this.#evicted = 0;
    return true;
  }

  /** Returns whether that cost a metric. */
  #makeRoom(): boolean {
    if (this.#size < this.limit) {
      if (this.#size === this.#slots.length) this.#grow();
      return false;
    }
    this.#advance(1);
    if (this.#batch !== undefined && this.#evicted < this.#batch.length) {
      this.#evicted += 1;
      return false;
    }
    this.#dropped += 1;
    return true;
  }

  /** There is room: the slots before the head are those the batch had. */
  #putBack(metric: Metric | undefined): void {
    this.#head = (this.#head - 1 + this.#slots.length) % this.#slots.length;
    this.#slots[this.#head] = metric;
    this.#size += 1;
  }

  #advance(count: number): void {
    for (let i = 0; i < count; i += 1) this.#slots[(this.#head + i) % this.#slots.length] = undefined;
    this.#head = (this.#head + count) % this.#slots.length;
    this.#size -= count;
  }

  #grow(): void {
    const old = this.#slots;
    const grown = new Array<Metric | undefined>(Math.min(this.limit, old.length * 2)).fill(undefined);
    for (let i = 0; i < this.#size; i += 1) grown[i] = old[(this.#head + i) % old.length];
    this.#slots = grown;
    this.#head = 0;
  }
}

/** Marks the valid, not yet marked indices and returns their number. */
function mark(settled: Uint8Array, indices: readonly number[]): number {
  let count = 0;
  for (const index of indices) {
    if (settled[index] !== 0) continue;
    settled[index] = 1;
    count += 1;
  }
  return count;
}
