/** Durations as users write them (`250ms`, `1m30s`) and as code has them (milliseconds). */

import { ConfigError } from '../errors.js';

/** Nanoseconds per unit, largest first. Both code points of µ are in use on keyboards. */
const UNITS_NS: ReadonlyMap<string, number> = new Map([
  ['d', 86_400e9],
  ['h', 3_600e9],
  ['m', 60e9],
  ['s', 1e9],
  ['ms', 1e6],
  ['us', 1e3],
  ['\u00b5s', 1e3],
  ['\u03bcs', 1e3],
  ['ns', 1],
]);
const PRINTED_UNITS = ['d', 'h', 'm', 's', 'ms', 'us', 'ns'];
const NS_PER_MS = 1e6;

/** Regular expression source of a duration, for JSON schemas too. */
export const DURATION_PATTERN = '^([0-9]+(\\.[0-9]+)?(ns|us|\u00b5s|\u03bcs|ms|s|m|h|d))+$';
export const DURATION_EXPECTED = 'a duration such as 250ms, 10s or 1m30s (units ns, us, ms, s, m, h, d)';

const WHOLE = new RegExp(DURATION_PATTERN);
const PART = /([0-9.]+)([^0-9.]+)/g;

/** `1m30s` → 90 000 ms; units below the millisecond give a fraction. Throws ConfigError on anything else. */
export function parseDuration(text: string): number {
  if (!WHOLE.test(text)) throw new ConfigError(`expected ${DURATION_EXPECTED}, found ${JSON.stringify(text)}`);
  let ns = 0;
  for (const [, amount, unit] of text.matchAll(PART)) ns += Number(amount) * (UNITS_NS.get(unit ?? '') ?? Number.NaN);
  return ns / NS_PER_MS;
}

/** 90 000 ms → `1m30s`: the shortest sum of whole units, rounded to the nanosecond. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms * NS_PER_MS);
  let out = '';
  for (const unit of PRINTED_UNITS) {
    const unitNs = UNITS_NS.get(unit) ?? 1;
    const amount = Math.floor(rest / unitNs);
    if (amount > 0) out += `${amount}${unit}`;
    rest -= amount * unitNs;
  }
  return out === '' ? '0s' : out;
}
