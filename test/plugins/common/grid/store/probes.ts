/** Probe metrics as agents send them, and what they add up to by the plain means of core. */

import fc from 'fast-check';
import { Distribution } from '../../../../../core/distribution.js';
import { count, distribution, type Metric } from '../../../../../core/metric.js';
import { type GridLimits, GridStore } from '../../../../../plugins/common/grid/store/grid-store.js';

export const WINDOW_MS = 10_000;
/** End of the first window of the tests. */
export const END_MS = 1_767_225_610_000;

export interface Probes {
  readonly src: string;
  readonly dst: string;
  /** Windows after the first one. */
  readonly window?: number;
  readonly transport?: string;
  readonly networkNs?: readonly number[];
  readonly proberNs?: readonly number[];
  readonly responderNs?: readonly number[];
  readonly timeout?: number;
  readonly sendError?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

export function recorded(valuesNs: readonly number[]): Distribution {
  const values = new Distribution();
  for (const ns of valuesNs) values.record(ns);
  return values;
}

export function probe({ src, dst, window = 0, transport = 'udp', tags = {}, ...probes }: Probes): Metric {
  const { networkNs = [], proberNs = [], responderNs = [], timeout = 0, sendError = 0 } = probes;
  return {
    name: 'probe',
    tags: { transport, src, dst, clock: 'kernel', ...tags },
    fields: {
      sent: count(networkNs.length + timeout, 'probes'),
      success: count(networkNs.length, 'probes'),
      timeout: count(timeout, 'probes'),
      send_error: count(sendError, 'probes'),
      ...(networkNs.length > 0 && { network_rtt: distribution(recorded(networkNs)) }),
      ...(proberNs.length > 0 && { prober_delay: distribution(recorded(proberNs)) }),
      ...(responderNs.length > 0 && { responder_delay: distribution(recorded(responderNs)) }),
    },
    timeNs: BigInt(END_MS + window * WINDOW_MS) * 1_000_000n,
  };
}

/** Where a host stands: host `a1` under ToR t1 of pod p1 of DC d1. */
export const at = (end: 'src' | 'dst', dc: string, pod: string, tor: string) => ({
  [`${end}_dc`]: dc,
  [`${end}_pod`]: pod,
  [`${end}_tor`]: tor,
});

export function storeOf(limits: Partial<GridLimits> = {}): GridStore {
  return new GridStore({
    windowMs: WINDOW_MS,
    windows: 4,
    maxCells: 1e6,
    maxBytes: 2 ** 30,
    maxPathBytes: 2 ** 26,
    ...limits,
  });
}

/** Adds them when their window has just ended. */
export function fill(store: GridStore, metrics: readonly Metric[]): GridStore {
  for (const metric of metrics) store.add(metric, Number(metric.timeNs / 1_000_000n));
  return store;
}

export const durations = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 50 }),
    fc.integer({ min: 20_000, max: 40_000 }),
    fc.integer({ min: 0, max: 2e9 }),
    fc.maxSafeNat(),
  ),
  { maxLength: 12 },
);
