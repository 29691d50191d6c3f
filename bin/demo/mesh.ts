/** What the agents of a demo measured over the last windows, as matrices: source × destination, one a transport. */

import { Distribution } from '../../core/distribution.js';
import type { DemoTransport } from './transports.js';

/** Windows a cell sums up. With the defaults: the last 10 s. */
export const KEPT_WINDOWS = 10;

/** A `probe` metric as `outputs.file` writes it: only what the grid needs. */
interface ProbeLine {
  readonly name: string;
  readonly tags: { readonly transport: DemoTransport; readonly src: string; readonly dst: string };
  readonly fields: Readonly<Record<string, number | DistributionJson>>;
  /** ns since the epoch, or an ISO time: equal for equal windows. */
  readonly time: number | string;
}

interface DistributionJson {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly offset: number;
  readonly buckets: readonly number[];
}

interface Window {
  readonly time: ProbeLine['time'];
  readonly counts: Counts;
  readonly networkRtt: Distribution;
}

export interface Counts {
  sent: number;
  success: number;
  timeout: number;
  sendError: number;
  invalid: number;
  /** TCP: successes that were a reset. */
  refused: number;
}

/** One pair, or all of them. */
export interface Summary extends Readonly<Counts> {
  /** timeout / (success + timeout + invalid); undefined while nothing was decided. */
  readonly loss: number | undefined;
  /** ns; undefined without a success. */
  readonly p50Ns: number | undefined;
  readonly p99Ns: number | undefined;
}

export class Mesh {
  readonly #windowMs: number;
  readonly #pairs = new Map<DemoTransport, Map<string, Window[]>>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Takes one line of an agent's output; what is not a probe metric is left out. */
  add(line: string): void {
    const metric = JSON.parse(line) as ProbeLine;
    if (metric.name !== 'probe') return;
    const windows = this.#windowsOf(metric.tags);
    let window = windows.at(-1);
    if (window?.time !== metric.time) {
      window = { time: metric.time, counts: noCounts(), networkRtt: new Distribution() };
      windows.push(window);
      if (windows.length > KEPT_WINDOWS) windows.shift();
    }
    addCounts(window.counts, countsOf(metric.fields));
    const rtt = metric.fields.network_rtt;
    if (typeof rtt === 'object') window.networkRtt.merge(distributionOf(rtt));
  }

  /** The pair's last windows together; undefined before its first. */
  pair(transport: DemoTransport, src: string, dst: string): Summary | undefined {
    const windows = this.#pairs.get(transport)?.get(pairKey(src, dst));
    return windows === undefined ? undefined : summarize(windows);
  }

  total(transport: DemoTransport): Summary {
    return summarize(this.#allOf(transport).flat());
  }

  /** Of every pair's latest window. */
  probesPerSecond(transport: DemoTransport): number {
    const sent = this.#allOf(transport).reduce((sum, windows) => sum + (windows.at(-1)?.counts.sent ?? 0), 0);
    return (sent * 1000) / this.#windowMs;
  }

  /** Drops what `src` measured: its agent is gone, so old figures must not look like new ones. */
  forget(src: string): void {
    for (const pairs of this.#pairs.values()) {
      for (const key of pairs.keys()) if (key.startsWith(pairKey(src, ''))) pairs.delete(key);
    }
  }

  #allOf(transport: DemoTransport): Window[][] {
    return [...(this.#pairs.get(transport)?.values() ?? [])];
  }

  #windowsOf({ transport, src, dst }: ProbeLine['tags']): Window[] {
    const pairs = this.#pairs.get(transport) ?? new Map<string, Window[]>();
    this.#pairs.set(transport, pairs);
    const windows = pairs.get(pairKey(src, dst)) ?? [];
    pairs.set(pairKey(src, dst), windows);
    return windows;
  }
}

function summarize(windows: readonly Window[]): Summary {
  const counts = noCounts();
  const rtt = new Distribution();
  for (const window of windows) {
    addCounts(counts, window.counts);
    rtt.merge(window.networkRtt);
  }
  const decided = counts.success + counts.timeout + counts.invalid;
  return {
    ...counts,
    loss: decided === 0 ? undefined : counts.timeout / decided,
    p50Ns: rtt.count === 0 ? undefined : rtt.quantile(0.5),
    p99Ns: rtt.count === 0 ? undefined : rtt.quantile(0.99),
  };
}

function distributionOf(json: DistributionJson): Distribution {
  return Distribution.fromParts({
    count: json.count,
    sumNs: json.sum,
    minNs: json.min,
    maxNs: json.max,
    buckets: { offset: json.offset, counts: json.buckets },
  });
}

function countsOf(fields: ProbeLine['fields']): Counts {
  const number = (name: string): number => {
    const value = fields[name];
    return typeof value === 'number' ? value : 0;
  };
  return {
    sent: number('sent'),
    success: number('success'),
    timeout: number('timeout'),
    sendError: number('send_error'),
    invalid: number('invalid'),
    refused: number('refused'),
  };
}

function addCounts(to: Counts, from: Counts): void {
  to.sent += from.sent;
  to.success += from.success;
  to.timeout += from.timeout;
  to.sendError += from.sendError;
  to.invalid += from.invalid;
  to.refused += from.refused;
}

function noCounts(): Counts {
  return { sent: 0, success: 0, timeout: 0, sendError: 0, invalid: 0, refused: 0 };
}

function pairKey(src: string, dst: string): string {
  return `${src}\u0000${dst}`;
}
