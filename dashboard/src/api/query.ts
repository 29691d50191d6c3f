/** A selection as the API's query. */

import type { Selection } from '../route.js';

/** With `?` unless it is empty. `box` is the page's own. */
export function formatQuery(selection: Selection, more: Readonly<Record<string, string | number>> = {}): string {
  const { transport, level, delay, stat, at, srcIn, dstIn } = selection;
  const values = { transport, level, delay, stat, at, src_in: srcIn, dst_in: dstIn, ...more };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}
