/**
 * Keeps a server that fails from being asked again and again. A failure opens the circuit: nothing is written until the
 * wait is over, then one batch is tried, which closes it or opens it for longer. So a dead server costs one attempt each
 * half minute at most, whatever comes in meanwhile.
 */

import type { Clock, Timer } from '../clock.js';
import { backOffMs } from './back-off.js';

/** A server that wants to be left alone for longer is asked again all the same. */
export const MAX_RETRY_AFTER_MS = 600_000;
/** A thousand agents that are told the same time do not come back at once: each waits up to this part longer. */
const RETRY_AFTER_SPREAD = 0.1;

export class Circuit {
  readonly #clock: Clock;
  readonly #onRetry: () => void;
  #timer: Timer | undefined;
  #failures = 0;

  /** `onRetry` is called when the wait is over. */
  constructor(clock: Clock, onRetry: () => void) {
    this.#clock = clock;
    this.#onRetry = onRetry;
  }

  /** Whether a failure is being waited out. */
  get isOpen(): boolean {
    return this.#timer !== undefined;
  }

  /** After a failure. One that `gotSomewhere` is the first in a row; `retryAfterMs` is what the server asked for, or 0. */
  open(gotSomewhere: boolean, retryAfterMs: number): void {
    this.#failures = gotSomewhere ? 1 : this.#failures + 1;
    this.#timer?.cancel();
    const waitMs = Math.max(backOffMs(this.#failures, Math.random), heldOffMs(retryAfterMs));
    this.#timer = this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#onRetry();
    });
  }

  /** After a success. */
  close(): void {
    this.#failures = 0;
  }

  /** Ends the wait; nothing is called. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** A plugin may hand on whatever a server wrote. */
function heldOffMs(retryAfterMs: number): number {
  if (!(retryAfterMs > 0)) return 0;
  return Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) * (1 + RETRY_AFTER_SPREAD * Math.random());
}
