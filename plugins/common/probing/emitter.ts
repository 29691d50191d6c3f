/**
 * Hands metrics over in small portions: when a window of 10 000 targets closes, the event loop must stay free for the
 * scrape and the other inputs.
 */

import type { Metric } from '../../../core/metric.js';

/** Metrics made in one turn of the event loop. */
const PORTION = 200;

export class Emitter {
  readonly #emit: (metric: Metric) => void;
  readonly #waiting: Iterator<Metric>[] = [];
  #scheduled: NodeJS.Immediate | undefined;

  constructor(emit: (metric: Metric) => void) {
    this.#emit = emit;
  }

  /** Emits all that `metrics` yields, in order and behind what was given before. */
  push(metrics: Iterator<Metric>): void {
    this.#waiting.push(metrics);
    this.#schedule();
  }

  /** Emits everything now. */
  flush(): void {
    while (this.#waiting.length > 0) this.#portion();
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
  }

  #schedule(): void {
    if (this.#scheduled !== undefined) return;
    this.#scheduled = setImmediate(() => {
      this.#scheduled = undefined;
      this.#portion();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #portion(): void {
    for (let made = 0; made < PORTION; made += 1) {
      const current = this.#waiting[0];
      if (current === undefined) return;
      const { done, value } = current.next();
      if (done === true) this.#waiting.shift();
      else this.#emit(value);
    }
  }
}
