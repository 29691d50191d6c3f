/**
 * When a fresh list may be fetched before its time. Hosts that fall silent are why: one that restarted is on the next list
 * under another queue pair, and that should be had at once; but when a whole ToR dies, thousands of agents ask again and
 * again for a list that stays as it is. So each early fetch that brings nothing doubles the wait for the next one.
 */

import type { Clock } from '../../../core/clock.js';

/** A fleet that asks because of one event does not ask at one moment. */
const JITTER_MS = 1000;
/** Between one fetch and the next early one, at first. */
const FIRST_GAP_MS = 1000;

export class EarlyFetches {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #maxGapMs: () => number;
  #gapMs = FIRST_GAP_MS;
  #lastFetchMs = Number.NEGATIVE_INFINITY;
  #lastAskedMs = Number.NEGATIVE_INFINITY;
  #isPending = false;

  /** `maxGapMs`: the period of fetches that nobody asks for. */
  constructor(clock: Clock, random: () => number, maxGapMs: () => number) {
    this.#clock = clock;
    this.#random = random;
    this.#maxGapMs = maxGapMs;
  }

  /** A fresh list is wanted: how long to wait before it is fetched, ms; undefined: an early fetch is waited for already. */
  ask(): number | undefined {
    const now = this.#clock.monotonicMs();
    // After a quiet period it is about something new.
    if (now - this.#lastAskedMs > this.#maxGapMs()) this.#gapMs = FIRST_GAP_MS;
    this.#lastAskedMs = now;
    if (this.#isPending) return undefined;
    this.#isPending = true;
    const restMs = Math.max(0, this.#lastFetchMs + this.#gapMs - now);
    return restMs + this.#random() * JITTER_MS;
  }

  /** A fetch begins, early or in its time. */
  fetching(): void {
    this.#lastFetchMs = this.#clock.monotonicMs();
    if (this.#isPending) this.#gapMs = Math.min(2 * this.#gapMs, this.#maxGapMs());
    this.#isPending = false;
  }

  /** The fetch brought another list. */
  changed(): void {
    this.#gapMs = FIRST_GAP_MS;
  }
}
