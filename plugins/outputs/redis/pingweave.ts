/**
 * Keys as PingWeave's collector writes them, so that its plotter shows what weft measured: `proto,src,dst` has the rest of
 * the result line. Facts and traps: docs/design/015-redis-output.md.
 */

import { pingweaveColumns } from '../../common/pingweave-line.js';
import { MetricFault } from './fault.js';
import type { MetricRecord } from './record.js';

export interface PingweaveEntry {
  readonly key: string;
  readonly value: string;
  /** Its second column. */
  readonly end: string;
}

/** Undefined for what PingWeave has no place for: metrics of no pair, and single paths of one. Throws MetricFault. */
export function pingweaveEntry(
  { metric, transport }: MetricRecord,
  windowMs: number,
  rdma: 'roce' | 'ib',
): PingweaveEntry | undefined {
  if (transport === undefined || metric.tags.path) return undefined;
  if (metric.timeNs < 0n) throw new MetricFault('out_of_range', 'PingWeave has no time before 1970');
  const [src, dst, ...rest] = pingweaveColumns(metric, windowMs) ?? [];
  const protocol = transport === 'rdma-ud' ? rdma : transport;
  return { key: `${protocol},${src},${dst}`, value: rest.join(','), end: rest[1] ?? '' };
}
