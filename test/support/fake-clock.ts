/** A clock that stands still until it is told to move. */

import type { Clock, Timer } from '../../core/clock.js';

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** 2026-01-01T00:00:00Z: on every grid of whole seconds, minutes and hours. */
const START_NS = 1_767_225_600_000_000_000n;

export class FakeClock implements Clock {
  readonly #timers = new Set<Entry>();
  #nowMs = 0;
  #order = 0;
  #originNs: bigint;

  constructor(startNs: bigint = START_NS) {
    this.#originNs = startNs;
  }

  nowNs(): bigint {
    return this.#originNs + BigInt(Math.round(this.#nowMs * 1e6));
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry: Entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.add(entry);
    return { cancel: () => void this.#timers.delete(entry) };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Until the timer that is due first; undefined: none waits. */
  get nextInMs(): number | undefined {
    const next = this.#next(Number.POSITIVE_INFINITY);
    return next && Math.max(0, next.dueMs - this.#nowMs);
  }

  /** Moves both clocks on, running what falls due in order; what each timer set going has settled before the next. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      await settle();
    }
    this.#nowMs = endMs;
  }

  /** Time passes without any timer running, as when the process is stopped. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Steps the wall clock; the monotonic clock does not notice. */
  stepWall(ms: number): void {
    this.#originNs += BigInt(Math.round(ms * 1e6));
  }

  #next(endMs: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#timers) {
      if (entry.dueMs > endMs) continue;
      if (
        first === undefined ||
        entry.dueMs < first.dueMs ||
        (entry.dueMs === first.dueMs && entry.order < first.order)
      )
        first = entry;
    }
    return first;
  }
}

/** Lets every promise that can settle without a timer do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
