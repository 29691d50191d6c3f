/** What the agents of a demo measured over the last windows, as matrices: source × destination, one a transport. */

import { Distribution } from '../../core/distribution.js';
import type { DemoTransport } from './transports.js';

/** Windows a cell sums up. With the defaults: the last 10 s. */
export const KEPT_WINDOWS = 10;
/** A window this far back is over; other metrics are up to one window newer than the latest. */
const LIVE_WINDOWS = KEPT_WINDOWS + 1;
/** A pair without one in so many windows is probed no more; the latest one arrives when the next is nearly over. */
const PROBED_WINDOWS = 3;

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
  readonly timeMs: number;
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
  /** The newest time of any metric, UTC: all agents have the clock of this machine. */
  #latestMs = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Takes one line of an agent's output; of what is not a probe metric only the time counts. */
  add(line: string): void {
    const metric = JSON.parse(line) as ProbeLine;
    const timeMs = toMs(metric.time);
    this.#latestMs = Math.max(this.#latestMs, timeMs);
    if (metric.name !== 'probe') return;
    const windows = this.#windowsOf(metric.tags);
    let window = windows.at(-1);
    if (window?.time !== metric.time) {
      window = { time: metric.time, timeMs, counts: noCounts(), networkRtt: new Distribution() };
      windows.push(window);
      if (windows.length > KEPT_WINDOWS) windows.shift();
    }
    addCounts(window.counts, countsOf(metric.fields));
    const rtt = metric.fields.network_rtt;
    if (typeof rtt === 'object') window.networkRtt.merge(distributionOf(rtt));
  }

  /** The pair's last windows together; undefined before its first, and when it has not been probed for as long. */
  pair(transport: DemoTransport, src: string, dst: string): Summary | undefined {
    const windows = this.#recent(this.#pairs.get(transport)?.get(pairKey(src, dst)) ?? [], LIVE_WINDOWS);
    return windows.length === 0 ? undefined : summarize(windows);
  }

  total(transport: DemoTransport): Summary {
    return summarize(this.#allOf(transport).flat());
  }

  /** Of every pair's latest window, unless the pair is probed no more. */
  probesPerSecond(transport: DemoTransport): number {
    const latest = this.#allOf(transport).flatMap((windows) => this.#recent(windows, PROBED_WINDOWS).slice(-1));
    const sent = latest.reduce((sum, { counts }) => sum + counts.sent, 0);
    return (sent * 1000) / this.#windowMs;
  }

  /** Drops what `src` measured: its agent is gone, so old figures must not look like new ones. */
  forget(src: string): void {
    for (const pairs of this.#pairs.values()) {
      for (const key of pairs.keys()) if (key.startsWith(pairKey(src, ''))) pairs.delete(key);
    }
  }

  #allOf(transport: DemoTransport): Window[][] {
    return [...(this.#pairs.get(transport)?.values() ?? [])].map((windows) => this.#recent(windows, LIVE_WINDOWS));
  }

  /** Those that ended within the last `count` windows' time. */
  #recent(windows: readonly Window[], count: number): Window[] {
    return windows.filter(({ timeMs }) => timeMs > this.#latestMs - count * this.#windowMs);
  }

  #windowsOf({ transport, src, dst }: ProbeLine['tags']): Window[] {
    const pairs = this.#pairs.get(transport) ?? new Map<string, Window[]>();
    this.#pairs.set(transport, pairs);
    const windows = pairs.get(pairKey(src, dst)) ?? [];
    pairs.set(pairKey(src, dst), windows);
    return windows;
  }
}

function toMs(time: ProbeLine['time']): number {
  return typeof time === 'string' ? Date.parse(time) : time / 1e6;
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
