/** The header Retry-After: seconds, or a date (RFC 9110, section 10.2.3). */

/** How long from now, ms; undefined when there is none that can be understood. */
export function retryAfterMs(header: string | undefined, nowNs: bigint): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - Number(nowNs / 1_000_000n));
}
