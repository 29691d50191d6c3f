/** The buffer in memory: a bounded ring. A restart of the agent loses what it holds. */

import type { Metric } from '../metric.js';
import { Fates } from './fates.js';
import type { OutputBuffer } from './output-buffer.js';
import { type DropReason, Tally } from './tally.js';

const INITIAL_SLOTS = 1024;

export class MemoryBuffer implements OutputBuffer {
  readonly limit: number;
  readonly tally: Tally;
  readonly disk = undefined;
  /** Ring; grows to `limit` by doubling, as most outputs never hold more than a batch or two. */
  #slots: (Metric | undefined)[];
  #head = 0;
  #size = 0;
  /** The batch in flight stands at the front of the ring, but for its first `#evicted` metrics. */
  #batch: readonly Metric[] | undefined;
  #evicted = 0;

  constructor(limit: number, tally: Tally = new Tally()) {
    this.limit = limit;
    this.tally = tally;
    this.#slots = new Array<Metric | undefined>(Math.min(limit, INITIAL_SLOTS)).fill(undefined);
  }

  /** Metrics held. At most `limit`, plus those of a batch in flight that newer ones displaced. */
  get length(): number {
    return this.#size + this.#evicted;
  }

  get waiting(): number {
    return this.length - (this.#batch?.length ?? 0);
  }

  get oldestNs(): bigint | undefined {
    return (this.#batch?.[0] ?? this.#slots[this.#head])?.timeNs;
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {
    this.recall();
  }

  /**
   * Adds the newest metric. A full buffer loses its oldest: at once if that waits, or when its batch is settled if it
   * is in flight and comes back. Returns false if a metric was dropped now.
   */
  add(metric: Metric): boolean {
    this.tally.added += 1;
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

  /** What the fates keep waits again, unless it lost its place meanwhile. */
  settle(batch: readonly Metric[], fates: Fates): void {
    const evicted = this.#evicted;
    if (!this.#finish(batch)) return;
    this.tally.settle(fates);
    for (let i = batch.length - 1; i >= 0; i -= 1) {
      if (!fates.isKept(i)) continue;
      if (i < evicted) this.tally.drop('overflow', 1);
      else this.#putBack(batch[i]);
    }
  }

  recall(): void {
    if (this.#batch !== undefined) this.settle(this.#batch, new Fates(this.#batch.length));
  }

  /** Ends a transaction: the first `count` of the batch are kept elsewhere from now on, uncounted. The others wait again. */
  handOn(batch: readonly Metric[], count: number): void {
    const evicted = this.#evicted;
    if (!this.#finish(batch)) return;
    this.tally.drop('overflow', Math.max(0, evicted - count));
    for (let i = batch.length - 1; i >= Math.max(count, evicted); i -= 1) this.#putBack(batch[i]);
  }

  drain(): readonly Metric[] {
    this.recall();
    const held: Metric[] = [];
    for (; this.#size > 0; this.#advance(1)) {
      const metric = this.#slots[this.#head];
      if (metric !== undefined) held.push(metric);
    }
    this.tally.added -= held.length;
    return held;
  }

  discard(reason: DropReason = 'shutdown'): number {
    const lost = this.drain().length;
    this.tally.added += lost;
    this.tally.drop(reason, lost);
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
    this.tally.drop('overflow', 1);
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
