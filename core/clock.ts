/** Time as the agent sees it. Passed in everywhere, so that tests need no sleep. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** UTC wall clock, ns since the epoch; whole milliseconds are enough. May step. */
  nowNs(): bigint;
  /** Monotonic clock, ms with a fraction; never steps, has no epoch. */
  monotonicMs(): number;
  /** Calls `callback` once after `delayMs` (≥ 0); never before this call returned. */
  after(delayMs: number, callback: () => void): Timer;
}

/** setTimeout fires at once for delays beyond this; a longer wait is made of several. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  // Not performance.timeOrigin + performance.now(): that never sees a step of the wall clock.
  nowNs: () => BigInt(Date.now()) * 1_000_000n,
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    let handle: NodeJS.Timeout;
    const arm = (remainingMs: number): void => {
      const waitMs = Math.min(remainingMs, MAX_TIMEOUT_MS);
      handle = setTimeout(() => (remainingMs > waitMs ? arm(remainingMs - waitMs) : callback()), waitMs);
    };
    arm(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts (it never rejects: check the signal). */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.after(delayMs, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
