/** A log for what may happen ten thousand times a second: each message once in ten seconds, with the number left out. */

import type { Clock } from '../clock.js';
import type { Logger } from '../plugin.js';

const PERIOD_MS = 10_000;
/** Distinct messages remembered; beyond, those that are new share one slot. */
const MAX_MESSAGES = 100;
const OTHER = '';

interface Entry {
  sinceMs: number;
  suppressed: number;
}

export class LimitedLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  warn(message: string, error?: string): void {
    const fields = this.#admit(message, error);
    if (fields !== undefined) this.#log.warn(fields, message);
  }

  error(message: string, error?: string): void {
    const fields = this.#admit(message, error);
    if (fields !== undefined) this.#log.error(fields, message);
  }

  #admit(message: string, error: string | undefined): object | undefined {
    const now = this.#clock.monotonicMs();
    const key = this.#keyOf(`${message}\n${error ?? ''}`, now);
    const entry = this.#entries.get(key);
    if (entry !== undefined && now - entry.sinceMs < PERIOD_MS) {
      entry.suppressed += 1;
      return undefined;
    }
    this.#entries.set(key, { sinceMs: now, suppressed: 0 });
    return {
      ...(error === undefined ? {} : { error }),
      ...(entry !== undefined && entry.suppressed > 0 ? { suppressed: entry.suppressed } : {}),
    };
  }

  #keyOf(key: string, now: number): string {
    if (this.#entries.has(key) || this.#entries.size < MAX_MESSAGES) return key;
    for (const [old, entry] of this.#entries) if (now - entry.sinceMs >= PERIOD_MS) this.#entries.delete(old);
    return this.#entries.size < MAX_MESSAGES ? key : OTHER;
  }
}
