/** Moments in UTC to the nanosecond, as people and JSON write them. */

const NS_PER_S = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;

/** `2026-01-01T00:00:00.000000000Z`. */
export function isoTime(timeNs: bigint): string {
  const fraction = ((timeNs % NS_PER_S) + NS_PER_S) % NS_PER_S;
  const seconds = new Date(Number((timeNs - fraction) / NS_PER_MS)).toISOString().slice(0, 19);
  return `${seconds}.${String(fraction).padStart(9, '0')}Z`;
}

const FORM = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}Z$/;
const SECONDS_CHARS = 19;

/** Reads what `isoTime` writes, UTC, ns since the epoch; undefined for anything else, a 31st of February included. */
export function parseIsoTime(text: string): bigint | undefined {
  if (!FORM.test(text)) return undefined;
  const seconds = text.slice(0, SECONDS_CHARS);
  const ms = Date.parse(`${seconds}Z`);
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, SECONDS_CHARS) !== seconds) return undefined;
  return BigInt(ms) * NS_PER_MS + BigInt(text.slice(SECONDS_CHARS + 1, -1));
}
