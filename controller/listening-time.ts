/**
 * A clock for silence: it counts only time in which an agent could have been heard. Steps of the wall clock do not touch
 * it; it stands still while the store is away (no registration can be acknowledged then) and skips what the process slept
 * through (a stopped process, a paused virtual machine). Otherwise each of these would forget the whole fleet at once.
 */

import type { Clock } from '../core/clock.js';

export class ListeningTime {
  readonly #clock: Clock;
  readonly #maxStepMs: number;
  #totalMs = 0;
  #atMs: number;
  #paused = false;

  /** It has to be read more often than every `maxStepMs`: what a longer step has beyond does not count. */
  constructor(clock: Clock, maxStepMs: number) {
    this.#clock = clock;
    this.#maxStepMs = maxStepMs;
    this.#atMs = clock.monotonicMs();
  }

  /** Ms listened so far. */
  nowMs(): number {
    const atMs = this.#clock.monotonicMs();
    if (!this.#paused) this.#totalMs += Math.min(this.#maxStepMs, atMs - this.#atMs);
    this.#atMs = atMs;
    return this.#totalMs;
  }

  pause(): void {
    this.nowMs();
    this.#paused = true;
  }

  resume(): void {
    this.nowMs();
    this.#paused = false;
  }
}
