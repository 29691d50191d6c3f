/** Calls into a plugin. A plugin is not trusted: it may throw anything, from anywhere, or never come back. */

import type { Clock, Timer } from '../clock.js';
import { describeError, WeftError } from '../errors.js';

/** How a call ended. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

/** Stands for a call that did not come back in time. */
export const PENDING = Symbol('pending');

/** Runs `call` and turns whatever it throws, synchronously or later, into a value. Never rejects. */
export async function attempt<T>(call: () => T | PromiseLike<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    return { ok: false, error };
  }
}

/** What `promise` resolves to, or PENDING when it takes longer than `timeoutMs` or `signal` aborts. */
export function within<T>(
  clock: Clock,
  promise: Promise<T>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T | typeof PENDING> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => finish(() => resolve(PENDING));
    const timer = clock.after(Math.max(0, timeoutMs), giveUp);
    const finish = (settle: () => void): void => {
      timer.cancel();
      signal?.removeEventListener('abort', giveUp);
      settle();
    };
    promise.then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
    );
    if (signal?.aborted) giveUp();
    else signal?.addEventListener('abort', giveUp, { once: true });
  });
}

/** The calls into one plugin instance: one at a time, each with its own signal. */
export class Calls {
  readonly #clock: Clock;
  #pending: Promise<unknown> | undefined;
  #controller: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a call has not come back yet. */
  get busy(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * Runs `call`; after `timeoutMs` its signal aborts and `onTimeout` is told. Resolves when the call really came back,
   * which may be never. Not to be used while `busy`.
   */
  run<T>(
    call: (signal: AbortSignal) => T | PromiseLike<T>,
    timeoutMs?: number,
    onTimeout?: () => void,
  ): Promise<Outcome<T>> {
    const controller = new AbortController();
    let timer: Timer | undefined;
    if (timeoutMs !== undefined) {
      timer = this.#clock.after(timeoutMs, () => {
        controller.abort(new WeftError('WEFT_TIMEOUT', `no result after ${timeoutMs} ms`));
        onTimeout?.();
      });
    }
    const pending = attempt(() => call(controller.signal)).then((outcome) => {
      timer?.cancel();
      this.#pending = undefined;
      return outcome;
    });
    this.#controller = controller;
    this.#pending = pending;
    return pending;
  }

  /** Aborts the signal of the call in progress. */
  abort(): void {
    this.#controller?.abort();
  }

  /** Waits until no call is in progress, at most `timeoutMs`. */
  async idle(timeoutMs: number): Promise<void> {
    if (this.#pending !== undefined) await within(this.#clock, this.#pending, timeoutMs);
  }
}

/** The message of anything that was thrown, were it built to throw again when it is looked at. */
export function messageOf(error: unknown): string {
  try {
    return describeError(error);
  } catch {
    return 'an error that cannot be described';
  }
}

/** `instanceof` that survives hostile objects. */
export function isA<T>(type: abstract new (...args: never[]) => T, error: unknown): error is T {
  try {
    return error instanceof type;
  } catch {
    return false;
  }
}
