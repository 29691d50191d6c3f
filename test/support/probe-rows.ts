/** What agents measured, as tests read it from their file output (JSON lines). */

import { Distribution } from '../../core/distribution.js';

/** A distribution as the file output writes it. */
interface DistributionJson {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly offset: number;
  readonly buckets: readonly number[];
}

type UdpCount = 'late' | 'duplicate';
type RdmaCount = 'stale';
type TcpCount = 'refused' | 'unreachable' | 'syn_retransmits' | 'retransmitted' | 'source_port' | 'payload_timeout';
type CountField = 'sent' | 'success' | 'timeout' | 'send_error' | 'invalid' | UdpCount | RdmaCount | TcpCount;
export type DelayField = 'network_rtt' | 'prober_delay' | 'responder_delay' | 'connect_time' | 'payload_rtt';

/** One `probe` metric: one target in one window. */
export interface ProbeRow {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<
    Partial<Record<CountField, number> & Record<DelayField, DistributionJson> & { unreachable_cause: string }>
  >;
  /** End of the window, UTC. */
  readonly time: string;
}

export function total(rows: readonly ProbeRow[], field: CountField): number {
  return rows.reduce((sum, row) => sum + (row.fields[field] ?? 0), 0);
}

/** The distributions of all rows as one. */
export function merged(rows: readonly ProbeRow[], field: DelayField): Distribution {
  const all = new Distribution();
  for (const row of rows) {
    const part = row.fields[field];
    if (part === undefined) continue;
    const { count, sum, min, max, offset, buckets } = part;
    all.merge(
      Distribution.fromParts({ count, sumNs: sum, minNs: min, maxNs: max, buckets: { offset, counts: buckets } }),
    );
  }
  return all;
}

export const hasLatency = (row: ProbeRow): boolean =>
  ['network_rtt', 'prober_delay', 'responder_delay', 'connect_time'].some((field) => field in row.fields);
