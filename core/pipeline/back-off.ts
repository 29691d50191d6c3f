/** When to try again: exponential back-off with full jitter, so that a thousand agents do not return at once. */

const BASE_MS = 1000;
const CAP_MS = 30_000;
const FLOOR_MS = 100;

/** The wait after the n-th failure in a row (n ≥ 1): a random part of min(cap, 2^(n-1) s), 100 ms at least. */
export function backOffMs(failures: number, random: () => number, capMs: number = CAP_MS): number {
  return Math.max(FLOOR_MS, random() * Math.min(capMs, BASE_MS * 2 ** (failures - 1)));
}
