/**
 * Hands the metrics of a window over in small portions, spread over a part of the window. When one of 10 000 targets
 * closes, the event loop stays free for the scrape and the other inputs, and most of the metrics are used up before the
 * next ones are made: at once they would be 15 MB of garbage that outlives the young generation.
 */

import type { Clock, Timer } from '../../../core/clock.js';
import type { Metric } from '../../../core/metric.js';

const TICK_MS = 20;
/** Fewer are not worth a turn of their own. */
const MIN_PORTION = 50;

interface Waiting {
  readonly metrics: Iterator<Metric>;
  readonly portion: number;
}

export interface EmitterOptions {
  readonly emit: (metric: Metric) => void;
  readonly clock: Clock;
  /** How long the metrics given in one `push` may take, ms. */
  readonly spreadMs: number;
}

export class Emitter {
  readonly #options: EmitterOptions;
  readonly #waiting: Waiting[] = [];
  #timer: Timer | undefined;

  constructor(options: EmitterOptions) {
    this.#options = options;
  }

  /** Emits all that `metrics` yields, about `count`, in order and behind what was given before. */
  push(metrics: Iterator<Metric>, count: number): void {
    const ticks = Math.max(1, this.#options.spreadMs / TICK_MS);
    this.#waiting.push({ metrics, portion: Math.max(MIN_PORTION, Math.ceil(count / ticks)) });
    this.#schedule(0);
  }

  /** Emits everything now. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (this.#waiting.length > 0) this.#emitPortion();
  }

  #schedule(delayMs: number): void {
    this.#timer ??= this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#emitPortion();
      if (this.#waiting.length > 0) this.#schedule(TICK_MS);
    });
  }

  #emitPortion(): void {
    const current = this.#waiting[0];
    if (current === undefined) return;
    for (let made = 0; made < current.portion; made += 1) {
      const { done, value } = current.metrics.next();
      if (done === true) {
        this.#waiting.shift();
        return;
      }
      this.#options.emit(value);
    }
  }
}
