/** The window that a page shows, and the stretch of time that its histories have in common. */

import type { Windows, WindowTimes } from '../api/types.js';
import type { ShownWindow } from '../grid/freshness.js';
import type { Selection } from '../route.js';
import type { HistorySpan } from './history-panel.js';

/** `startMs`: of the window that is shown, if one is. */
export function shownWindow(
  { window_ms: windowMs, transports }: Windows,
  transport: string,
  { at }: Selection,
  startMs: number | undefined,
): ShownWindow {
  const windows = transports.find((one) => one.transport === transport);
  return { windows, windowMs, endMs: (startMs ?? Number.NaN) + windowMs, isLive: at === undefined };
}

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
