/**
 * The UDP engine, driven straight through the native door, next to the raw C loop in the same run. Rounds alternate
 * between the two and the median counts, so that what else the machine does hits both.
 */

import type { BenchOptions, BenchRow } from './bench-row.js';
import { UdpLoop } from './c-loop.js';
import { type ProberResult, runUdpEngine } from './engine-ends.js';
import { median } from './statistics.js';

const ASKED_PER_S = 100_000;
const MIN_RATE_PER_S = 100_000;
const PACED_PER_S = 10_000;
const FLAT_OUT_TARGETS = 4000;
const MIN_INTERVAL_US = 10_000;
const MAX_CPU_RATIO = 1.5;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const loop = await UdpLoop.build();
  try {
    return await measure(loop, quick ? 1 : 5, quick ? 1500 : 5000);
  } finally {
    await loop.dispose();
  }
}

async function measure(loop: UdpLoop, rounds: number, measureMs: number): Promise<BenchRow[]> {
  const time = { warmUpMs: 500, measureMs };
  const flatProbes = Math.round(measureMs * 150);
  const pacedProbes = (PACED_PER_S * measureMs) / 1000;
  const samples = new Map<string, number[]>();
  const add = (name: string, value: number): void => {
    samples.set(name, [...(samples.get(name) ?? []), value]);
  };
  for (let round = 0; round < rounds; round++) {
    const two = await loop.run(2, { probes: flatProbes, rate: 0 });
    add('c2 cpu', two.cpuNs / two.completed);
    const flat = await loop.run(3, { probes: flatProbes, rate: 0 });
    add('c cpu', flat.cpuNs / flat.completed);
    add('c rate', (flat.completed / flat.wallNs) * 1e9);
    const paced = await loop.run(3, { probes: pacedProbes, rate: PACED_PER_S });
    add('c paced', (paced.cpuNs / paced.wallNs) * 100);

    const asked = await runUdpEngine({ ...time, ...targetsFor(ASKED_PER_S) });
    add('engine rate', (asked.success / asked.wallNs) * 1e9);
    add('engine cpu', asked.cpuNs / endedOf(asked));
    const full = await runUdpEngine({ ...time, targets: FLAT_OUT_TARGETS, intervalUs: MIN_INTERVAL_US });
    add('engine full rate', (full.success / full.wallNs) * 1e9);
    add('engine full cpu', full.cpuNs / endedOf(full));
    const slow = await runUdpEngine({ ...time, ...targetsFor(PACED_PER_S) });
    add('engine paced', (slow.cpuNs / slow.wallNs) * 100);
  }
  return rowsOf((name) => median(samples.get(name) ?? []));
}

/** Probes that were sent and have ended: when more is asked than the machine can answer, a lost one cost CPU as well. */
function endedOf({ results }: ProberResult): number {
  return (results.success ?? 0) + (results.timeout ?? 0) + (results.invalid ?? 0);
}

/** As many targets at the shortest interval as make `perSecond`. */
function targetsFor(perSecond: number): { targets: number; intervalUs: number } {
  return { targets: (perSecond * MIN_INTERVAL_US) / 1e6, intervalUs: MIN_INTERVAL_US };
}

function rowsOf(figure: (name: string) => number): BenchRow[] {
  const against = (name: string, limit: string): { value: number; limit: number; ratio: number } => ({
    value: figure(name),
    limit: figure(limit),
    ratio: figure(name) / figure(limit),
  });
  const rate = against('engine full rate', 'c rate');
  const cpu = against('engine cpu', 'c cpu');
  return [
    { name: 'C loop: CPU per probe, two messages', value: figure('c2 cpu'), unit: 'ns' },
    { name: 'C loop: CPU per probe, three messages', value: figure('c cpu'), unit: 'ns' },
    { name: 'C loop: probes, flat out', value: figure('c rate'), unit: '/s' },
    { name: 'engine: probes, 100 000/s asked', value: figure('engine rate'), unit: '/s' },
    {
      name: 'engine: CPU per probe at 100 000/s',
      unit: 'ns',
      ...cpu,
      budget: '≤ 1.5 × C',
      ok: cpu.ratio <= MAX_CPU_RATIO,
    },
    {
      name: 'engine: probes, 400 000/s asked',
      unit: '/s',
      ...rate,
      budget: '≥ 100 000',
      ok: rate.value >= MIN_RATE_PER_S,
    },
    { name: 'engine: CPU per probe, 400 000/s asked', unit: 'ns', ...against('engine full cpu', 'c cpu') },
    { name: 'engine: CPU at 10 000/s', unit: '% of a core', ...against('engine paced', 'c paced') },
  ];
}
