/** The stretch of time that the histories of a page have in common. */

import type { Windows, WindowTimes } from '../api/types.js';
import type { HistorySpan } from './history-panel.js';

/** From the first of `items` to the newest window of the transport: that data stopped coming is to be seen. */
export function spanOf(
  items: readonly WindowTimes[],
  { window_ms: windowMs, transports }: Windows,
  transport: string,
  cursorMs: number | undefined,
): HistorySpan {
  const starts = items.map(({ start_ms }) => start_ms);
  const newest = transports.find((one) => one.transport === transport)?.windows.at(-1)?.start_ms;
  const lastMs = Math.max(...starts, newest ?? Number.NEGATIVE_INFINITY);
  const firstMs = Math.min(...starts, lastMs);
  return { windowMs, firstMs, lastMs, cursorMs };
}
