/** Whether a Redis that is asked still answers: a server that is silent counts as away, also where its connection stands. */

import { setImmediate } from 'node:timers/promises';
import { type Clock, delay } from '../clock.js';
import { WeftError } from '../errors.js';

/** Timeouts that an answer may take while others come. */
const PATIENCE = 3;

export class AnswerWatch {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** When it last answered anything, monotonic. */
  #answeredMs = 0;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Waits for an answer; rejects with WEFT_TIMEOUT when nothing was answered for the timeout, or this one not for several
   * while others were: a burst. What was asked may still happen.
   */
  async within<T>(work: Promise<T>): Promise<T> {
    const settled = new AbortController();
    const note = (): void => {
      this.#answeredMs = this.#clock.monotonicMs();
    };
    work.then(note, () => {});
    try {
      return await Promise.race([work, this.#silence(settled.signal)]);
    } finally {
      settled.abort();
    }
  }

  async #silence(settled: AbortSignal): Promise<never> {
    for (let round = 1; ; round += 1) {
      await delay(this.#clock, this.#timeoutMs, settled);
      // After a pause of the process timers come before answers that have long arrived.
      await setImmediate();
      // The race is over, nobody waits for this.
      if (settled.aborted) return undefined as never;
      if (this.#clock.monotonicMs() - this.#answeredMs >= this.#timeoutMs || round === PATIENCE)
        throw new WeftError('WEFT_TIMEOUT', `no answer from Redis in ${round * this.#timeoutMs} ms`);
    }
  }
}
