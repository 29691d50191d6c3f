/** `probe` metrics as inputs make them, and as people compare them. */

import { Distribution } from '../../../../core/distribution.js';
import { count, distribution, type Field, type Metric } from '../../../../core/metric.js';

/** The end of a window of 10 s. */
export const WINDOW_END_NS = 1_767_225_610_000_000_000n;
export const WINDOW_MS = 10_000;

export function recorded(...valuesNs: number[]): Distribution {
  const values = new Distribution();
  for (const ns of valuesNs) values.record(ns);
  return values;
}

export interface ProbeOptions {
  readonly src?: string;
  readonly dst?: string;
  readonly timeNs?: bigint;
  readonly tags?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, Field>>;
}

/** A UDP target's usual window. */
export function probe({
  src = 'host-a',
  dst = 'host-b',
  timeNs = WINDOW_END_NS,
  tags,
  fields,
}: ProbeOptions = {}): Metric {
  return {
    name: 'probe',
    tags: { transport: 'udp', src, dst, clock: 'kernel', src_tor: 't1', dst_tor: 't2', ...tags },
    fields: fields ?? {
      sent: count(4, 'probes'),
      success: count(3, 'probes'),
      timeout: count(1, 'probes'),
      send_error: count(0, 'probes'),
      invalid: count(0, 'probes'),
      late: count(0, 'probes'),
      duplicate: count(0, 'probes'),
      network_rtt: distribution(recorded(581, 903, 1083)),
      prober_delay: distribution(recorded(22_172, 22_292, 42_350)),
      responder_delay: distribution(recorded(21_106, 40_007, 322_491)),
    },
    timeNs,
  };
}

/** Everything of a metric as plain values; a Distribution has its content in private fields, which deepEqual passes over. */
export function plain({ name, tags, fields, timeNs }: Metric): object {
  const entries = Object.entries(fields).map(([key, field]) => {
    return [key, field.kind === 'distribution' ? { ...field, value: contentOf(field.value) } : field] as const;
  });
  return { name, tags: { ...tags }, fields: Object.fromEntries(entries), timeNs };
}

function contentOf(value: Distribution): object {
  const { count, sumNs, minNs, maxNs, zeroCount } = value;
  return { count, sumNs, minNs, maxNs, zeroCount, buckets: value.denseBuckets() };
}
