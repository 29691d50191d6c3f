/** Something that is done again and again, never twice at once, at moments that a fleet of agents does not share. */

import type { Clock, Timer } from '../../../core/clock.js';
import { backOffMs } from '../../../core/pipeline/back-off.js';

/** Several changes within this time are one: reflectors start and stop together. */
export const DEBOUNCE_MS = 500;
const JITTER = 0.1;

/** The period, ±10 %. */
export function periodicMs(periodMs: number, random: () => number): number {
  return periodMs * (1 - JITTER + 2 * JITTER * random());
}

/**
 * The wait after the n-th failure in a row: exponential with full jitter, at most the period. `retryAfterMs`, what the
 * controller asked for, is waited for first, within the period too.
 */
export function retryMs(failures: number, periodMs: number, random: () => number, retryAfterMs = 0): number {
  return Math.min(retryAfterMs, periodMs) + backOffMs(failures, random, periodMs);
}

export class Cadence {
  readonly #clock: Clock;
  readonly #work: () => Promise<number>;
  #timer: Timer | undefined;
  #dueMs = 0;
  #state: 'new' | 'first' | 'waiting' | 'working' | 'stopped' = 'new';
  /** After the work under way, at the latest, ms. */
  #wantedWithinMs = Number.POSITIVE_INFINITY;

  /** `work` resolves to the wait before it is called again, ms; it must not reject. */
  constructor(clock: Clock, work: () => Promise<number>) {
    this.#clock = clock;
    this.#work = work;
  }

  /** Works for the first time after `delayMs`. Does nothing when already started, or stopped. */
  start(delayMs: number): void {
    if (this.#state !== 'new') return;
    this.#arm(delayMs);
    this.#state = 'first';
  }

  /** Works within DEBOUNCE_MS, or that long after the work under way. The first time is not hastened. */
  soon(): void {
    if (this.#state !== 'first') this.within(DEBOUNCE_MS);
  }

  /** Works within `delayMs`, or that long after the work under way; the first time, too, but not before `start`. */
  within(delayMs: number): void {
    if (this.#state === 'working') this.#wantedWithinMs = Math.min(this.#wantedWithinMs, delayMs);
    if (this.#state !== 'waiting' && this.#state !== 'first') return;
    if (this.#dueMs - this.#clock.monotonicMs() > delayMs) this.#arm(delayMs);
  }

  /** The work under way ends by itself; none follows. */
  stop(): void {
    this.#timer?.cancel();
    this.#state = 'stopped';
  }

  async #run(): Promise<void> {
    this.#state = 'working';
    this.#wantedWithinMs = Number.POSITIVE_INFINITY;
    const waitMs = await this.#work();
    if (this.#isStopped()) return;
    this.#state = 'waiting';
    this.#arm(Math.min(waitMs, this.#wantedWithinMs));
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#dueMs = this.#clock.monotonicMs() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => void this.#run());
  }
}
