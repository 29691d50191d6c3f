/** Whether what a page shows is what is, and if not, why. */

import type { LinkState } from '../api/live.js';
import type { TransportWindows } from '../api/types.js';
import { formatAge, formatTime } from '../ui/format.js';
import { messageOf } from '../ui/notice.js';

export interface ShownWindow {
  /** Of the transport that is shown. */
  readonly windows: TransportWindows | undefined;
  readonly windowMs: number;
  /** Of the window that is shown; NaN: none. */
  readonly endMs: number;
  /** Or one that was chosen, which may be as old as it is. */
  readonly isLive: boolean;
}

/** So many windows without a new one, and at least so long: rows take a window and a flush to arrive. */
const STALE_WINDOWS = 4;
const MIN_STALE_MS = 40_000;

/** Undefined: all is as it should be. `failure`: of the last request. */
export function warningOf(shown: ShownWindow, failure: unknown, link: LinkState, nowMs: number): string | undefined {
  const what = Number.isNaN(shown.endMs) ? '' : ` Shown is the window that ended at ${formatTime(shown.endMs)}.`;
  if (failure !== undefined) return `${messageOf(failure)}${what}`;
  if (!shown.isLive) return undefined;
  if (link === 'lost') return `The connection to the grid is lost; it is tried again and again.${what}`;
  const staleMs = staleFor(shown, nowMs);
  if (staleMs === undefined) return undefined;
  return `Stale: no new window for ${formatAge(staleMs)}.${what} Do the agents and the mesh-listener still run?`;
}

/** How long ago the newest window ended, ms, when that is longer than it should be. */
function staleFor({ windows, windowMs }: ShownWindow, nowMs: number): number | undefined {
  const newest = windows?.windows.at(-1);
  if (newest === undefined) return undefined;
  const ageMs = nowMs - Date.parse(newest.end);
  return ageMs > Math.max(MIN_STALE_MS, STALE_WINDOWS * windowMs) ? ageMs : undefined;
}
