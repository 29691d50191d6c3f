/** What it costs to record one latency, and to merge two distributions. */

import { Distribution } from '../core/distribution.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { median } from './statistics.js';

const BUDGET_NS = 100;
const VALUES = 1 << 16;

export function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const rounds = quick ? 5 : 25;
  const values = latencies();
  const record = median(Array.from({ length: rounds }, () => costNs(values.length, () => recorded(values))));
  const parts = Array.from({ length: 1000 }, (_, i) => recorded(values.subarray(i * 60, i * 60 + 60)));
  const merge = median(
    Array.from({ length: rounds }, () =>
      costNs(parts.length, () => {
        const total = new Distribution();
        for (const part of parts) total.merge(part);
      }),
    ),
  );
  return Promise.resolve([
    { name: 'record one latency', value: record, unit: 'ns', budget: '≤ 100 ns', ok: record <= BUDGET_NS },
    { name: 'merge a distribution of 60 values', value: merge, unit: 'ns' },
  ]);
}

/** Log-normal round trips around 30 µs with a long tail, as a network has them. */
function latencies(): Float64Array {
  return Float64Array.from({ length: VALUES }, () => {
    const gaussian = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    return Math.round(30_000 * Math.exp(gaussian * 0.7));
  });
}

function recorded(values: Float64Array): Distribution {
  const distribution = new Distribution();
  for (const value of values) distribution.record(value);
  return distribution;
}

function costNs(operations: number, work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / operations;
}
