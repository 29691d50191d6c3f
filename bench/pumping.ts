/** What a worker of a benchmark process does with an engine: pumps it, as in the agent, and counts what comes. */

import { newSliceBuffer, pump, RESULT_NAMES, Slice } from '../native/index.js';
import type { ProberResult } from './engine-ends.js';

const SLICE_MS = 100;
const MAX_SAMPLES = 2_000_000;
const SUCCESS = RESULT_NAMES.indexOf('success');

export interface PumpingTime {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface Measuring {
  /** Kept for the quantiles, 16 bytes each; further probes are only counted. */
  readonly maxSamples?: number;
  /** CPU time up to now; default: of this process. */
  readonly cpuNs?: () => number;
}

/** CPU time of this process. */
export function processCpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

export function pumpUntilClosed(handle: number): void {
  const buffer = newSliceBuffer();
  do pump(handle, SLICE_MS, buffer);
  while (!new Slice(buffer).closed);
}

/** Pumps a prober through the warm-up, then counts for the measured time. */
export function pumpAndMeasure(handle: number, time: PumpingTime, measuring: Measuring = {}): ProberResult {
  const { maxSamples = MAX_SAMPLES, cpuNs = processCpuNs } = measuring;
  pumpFor(handle, time.warmUpMs, () => {});
  const counts = RESULT_NAMES.map(() => 0);
  const network = new Float64Array(maxSamples);
  const program = new Float64Array(maxSamples);
  let samples = 0;
  const cpuBefore = cpuNs();
  const wallMs = pumpFor(handle, time.measureMs, (slice) => {
    for (let i = 0; i < slice.count; i++) {
      const result = slice.result(i);
      counts[result] = (counts[result] ?? 0) + 1;
      const networkRttNs = slice.networkRttNs(i);
      // A TCP probe whose SYN was sent again is a success without one.
      if (result !== SUCCESS || Number.isNaN(networkRttNs) || samples === maxSamples) continue;
      network[samples] = networkRttNs;
      program[samples++] = slice.programRttNs(i);
    }
  });
  const cpuAfter = cpuNs();
  const quantile = (values: Float64Array, q: number): number => values[Math.floor((samples - 1) * q)] ?? Number.NaN;
  const sorted = [network, program].map((values) => values.subarray(0, samples).sort());
  const [networkSorted = network, programSorted = program] = sorted;
  return {
    results: Object.fromEntries(RESULT_NAMES.map((name, i) => [name, counts[i] ?? 0])),
    success: counts[SUCCESS] ?? 0,
    wallNs: wallMs * 1e6,
    cpuNs: cpuAfter - cpuBefore,
    networkP50Ns: quantile(networkSorted, 0.5),
    networkP99Ns: quantile(networkSorted, 0.99),
    programP50Ns: quantile(programSorted, 0.5),
    programP99Ns: quantile(programSorted, 0.99),
  };
}

/** Pumps for at least `ms` and returns how long it was, ms. */
export function pumpFor(handle: number, ms: number, onSlice: (slice: Slice) => void): number {
  const start = performance.now();
  const buffer = newSliceBuffer();
  while (performance.now() - start < ms) {
    pump(handle, SLICE_MS, buffer);
    onSlice(new Slice(buffer));
  }
  return performance.now() - start;
}
