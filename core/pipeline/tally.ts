/**
 * Where the metrics of an output went. Every metric ends in exactly one counter:
 * `added + recovered = written + rejected + dropped + held`, at any moment.
 */

import type { Fates } from './fates.js';

/** Why a buffer loses metrics. */
export type DropReason =
  /** The memory was full. */
  | 'overflow'
  /** The disk buffer was at its bound. */
  | 'max_bytes'
  /** A single metric that is too large for the disk buffer. */
  | 'oversize'
  /** What the disk had is damaged or gone. */
  | 'damaged'
  /** Not written before the output closed. */
  | 'shutdown';

/** Beyond so many reasons, those that are new share one: plugins make them up, and each is a series. */
const MAX_REASONS = 24;
const OTHER = 'other';

export class Reasons {
  readonly #counts = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  add(reason: string, count: number): void {
    if (count === 0) return;
    const key = this.#counts.has(reason) || this.#counts.size < MAX_REASONS ? reason : OTHER;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
    this.#total += count;
  }
}

export class Tally {
  added = 0;
  /** Found on the disk at the start. */
  recovered = 0;
  /** Accepted by the output. */
  written = 0;
  /** Refused by the output for good. */
  readonly rejected = new Reasons();
  /** Lost before the output took or refused them. */
  readonly dropped = new Reasons();

  drop(reason: DropReason, count: number): void {
    this.dropped.add(reason, count);
  }

  /** Counts what is settled of a batch. */
  settle(fates: Fates): void {
    this.written += fates.accepted;
    for (const [reason, count] of fates.rejected) this.rejected.add(reason, count);
  }
}
