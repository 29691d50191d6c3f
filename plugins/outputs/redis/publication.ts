/** What is published of a write: for each source and window one message, or several where pairs are many. JSON. */

import { channelName } from './keys.js';
import type { MetricRecord } from './record.js';

/** Some hundred kilobytes. */
const MAX_PAIRS = 500;
/** Said once for all pairs of a message. */
const COMMON: ReadonlySet<string> = new Set(['time_ns', 'window_start_ns', 'window_ms', 'transport', 'src']);

export interface Publication {
  readonly channel: string;
  readonly message: string;
  readonly records: readonly MetricRecord[];
}

export function publicationsOf(prefix: string, windowMs: number, records: readonly MetricRecord[]): Publication[] {
  const rows = new Map<string, MetricRecord[]>();
  for (const record of records) {
    if (record.transport === undefined) continue;
    const name = [record.transport, record.timeNs, record.metric.tags.src].join('\0');
    const row = rows.get(name) ?? [];
    rows.set(name, row);
    row.push(record);
  }
  return [...rows.values()].flatMap((row) => parts(row).map((part) => publication(prefix, windowMs, part)));
}

function parts(row: readonly MetricRecord[]): MetricRecord[][] {
  return Array.from({ length: Math.ceil(row.length / MAX_PAIRS) }, (_, i) =>
    row.slice(i * MAX_PAIRS, (i + 1) * MAX_PAIRS),
  );
}

function publication(prefix: string, windowMs: number, records: readonly MetricRecord[]): Publication {
  const [first] = records;
  const transport = first?.transport ?? '';
  const head = { transport, src: first?.metric.tags.src, time_ns: first?.timeNs, window_ms: windowMs };
  const message = JSON.stringify({ ...head, pairs: records.map(pairOf) });
  return { channel: channelName(prefix, transport), message, records };
}

/** Tags are texts, figures are numbers. */
function pairOf({ names, values }: MetricRecord): object {
  const pair: [string, string | number][] = [];
  for (const [i, name] of names.list.entries()) if (!COMMON.has(name)) pair.push([name, values[i] ?? '']);
  return Object.fromEntries(pair);
}
