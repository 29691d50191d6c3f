/**
 * The TCP engine, driven straight through the native door, next to the raw C loop in the same run: as many targets as
 * probes a second, both against the same listener. Rounds alternate between the two and the median counts.
 */

import type { BenchOptions, BenchRow } from './bench-row.js';
import { TcpLoop } from './c-loop.js';
import { runProber } from './engine-ends.js';
import { median } from './statistics.js';

const TARGETS = 5000;
const INTERVAL_US = 1_000_000;
const MAX_CPU_RATIO = 1.5;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const loop = await TcpLoop.start();
  try {
    return await measure(loop, quick ? 1 : 5, quick ? 1500 : 5000);
  } finally {
    await loop.stop();
  }
}

async function measure(loop: TcpLoop, rounds: number, measureMs: number): Promise<BenchRow[]> {
  const targets = { targets: TARGETS, intervalUs: INTERVAL_US };
  const limits: number[] = [];
  const cpus: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const raw = await loop.probe({ probes: (TARGETS * measureMs) / 1000, rate: TARGETS, addresses: TARGETS });
    limits.push(raw.cpuNs / raw.completed);
    // The first second connects every target for the first time.
    const time = { warmUpMs: 1000, measureMs };
    const { success, cpuNs, wallNs } = await runProber({ transport: 'tcp', port: loop.port, ...targets, ...time });
    cpus.push(cpuNs / success);
    rates.push((success / wallNs) * 1e9);
  }
  const limit = median(limits);
  const value = median(cpus);
  const ratio = value / limit;
  return [
    { name: 'TCP engine: probes, 5 000/s asked', value: median(rates), unit: '/s' },
    {
      name: 'TCP engine: CPU per probe, 5 000/s',
      value,
      limit,
      ratio,
      unit: 'ns',
      budget: '≤ 1.5 × C',
      ok: ratio <= MAX_CPU_RATIO,
    },
  ];
}
