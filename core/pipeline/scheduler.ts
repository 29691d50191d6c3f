/**
 * Ticks on a grid of the wall clock: UTC multiples of the interval, plus an offset, so that all agents gather at the same
 * time. Every tick is computed from the grid and never from the previous one, so nothing drifts; jitter is added to
 * a tick and does not shift the next. A tick that comes while the last one's work still runs is skipped and counted.
 */

import type { Clock, Timer } from '../clock.js';

export interface TickerOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Shift of the grid. */
  readonly offsetMs?: number;
  /** Each tick waits a random part of this, at most one interval, beyond its place on the grid. */
  readonly jitterMs?: number;
  /** [0, 1). */
  readonly random?: () => number;
  /** The work of one tick; must not throw or reject. */
  readonly onTick: () => Promise<void> | void;
  /** Called when ticks were missed: the work took too long, or the process did not run. */
  readonly onSkip?: (ticks: number) => void;
}

/** A wait is cut into pieces of at most this, so that a step of the wall clock is seen before a long interval ends. */
const MAX_WAIT_MS = 60_000;

export class Ticker {
  readonly #options: TickerOptions;
  readonly #jitterMs: number;
  readonly #random: () => number;
  #timer: Timer | undefined;
  #running = false;
  #busy = false;
  /** The last grid time that was due and the one that is waited for, ms of the wall clock. */
  #lastMs = Number.NEGATIVE_INFINITY;
  #nextMs = 0;
  /** `#lastMs` on the monotonic clock. */
  #lastMonotonicMs = 0;
  #delayMs = 0;

  constructor(options: TickerOptions) {
    this.#options = options;
    this.#jitterMs = Math.min(options.jitterMs ?? 0, options.intervalMs);
    this.#random = options.random ?? Math.random;
  }

  /** The first tick is the next one on the grid. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#lastMs = Number.NEGATIVE_INFINITY;
    this.#aim();
    this.#noteGrid(this.#nextMs - this.#options.intervalMs);
    this.#arm();
  }

  /** No tick comes after this; work in progress goes on. May be started again. */
  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
  }

  #wallMs(): number {
    return Number(this.#options.clock.nowNs()) / 1e6;
  }

  /** The next grid time is the one after the last, unless the wall clock was stepped far away from it. */
  #aim(): void {
    const { intervalMs, offsetMs = 0 } = this.#options;
    const now = this.#wallMs();
    const following = this.#lastMs + intervalMs;
    const upcoming = (Math.floor((now - offsetMs) / intervalMs) + 1) * intervalMs + offsetMs;
    this.#nextMs = Math.abs(following - now) <= 2 * intervalMs ? following : upcoming;
    this.#delayMs = this.#random() * this.#jitterMs;
  }

  #arm(): void {
    const waitMs = this.#nextMs + this.#delayMs - this.#wallMs();
    this.#timer = this.#options.clock.after(Math.min(Math.max(waitMs, 0), MAX_WAIT_MS), () => this.#wake());
  }

  #wake(): void {
    const aheadMs = this.#nextMs + this.#delayMs - this.#wallMs();
    if (aheadMs > 0) {
      if (aheadMs > 2 * this.#options.intervalMs + this.#jitterMs) this.#aim();
      this.#arm();
      return;
    }
    const missed = this.#passGrid() + (this.#busy ? 1 : 0);
    this.#aim();
    this.#arm();
    if (missed > 0) this.#options.onSkip?.(missed);
    if (!this.#busy) void this.#run();
  }

  /**
   * Moves on to the last grid time that is past and returns how many before it had no tick. Time that a forward step of
   * the wall clock left out never was, so nothing was missed in it.
   */
  #passGrid(): number {
    const { intervalMs } = this.#options;
    const passed = Math.floor((this.#wallMs() - this.#delayMs - this.#nextMs) / intervalMs);
    const previousMonotonicMs = this.#lastMonotonicMs;
    this.#noteGrid(this.#nextMs + passed * intervalMs);
    const lived = Math.round((this.#lastMonotonicMs - previousMonotonicMs) / intervalMs);
    return Math.max(0, Math.min(passed, lived - 1));
  }

  #noteGrid(gridMs: number): void {
    this.#lastMs = gridMs;
    this.#lastMonotonicMs = this.#options.clock.monotonicMs() - (this.#wallMs() - gridMs);
  }

  async #run(): Promise<void> {
    this.#busy = true;
    try {
      await this.#options.onTick();
    } finally {
      this.#busy = false;
    }
  }
}
