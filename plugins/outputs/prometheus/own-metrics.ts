/**
 * What the exporter and its process say of themselves, on prom-client: the only file that imports it. prom-client knows
 * the runtime (CPU, memory, event loop, garbage collection) and is right for families with a handful of series. It has
 * no native histograms, cannot forget a series by itself and renders a page in one go on the event loop (0.3 s at
 * 10 000 targets), which is why the metrics of the pipeline are in a table of ours.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { DROP_REASONS, type DropReason } from './series-table.js';

/** How a request ended: its HTTP status, or `aborted` when the peer left in mid-page. */
export type Outcome = string;

/** As prom-client lists it: a histogram as it stands in the text format, sample by sample. */
export interface OwnFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number>>;
    readonly metricName?: string;
  }[];
}

export class OwnMetrics {
  readonly #registry = new Registry();
  readonly #withRuntime: boolean;
  readonly #requests: Counter;
  readonly #dropped: Counter;
  readonly #duration: Histogram;
  readonly #bytes: Gauge;

  /** `seriesCount` is asked at each scrape. */
  constructor(seriesCount: () => number, withRuntime: boolean) {
    const registers = [this.#registry];
    this.#withRuntime = withRuntime;
    this.#requests = new Counter({
      name: 'weft_prometheus_requests_total',
      help: 'HTTP requests to this exporter, by status; `aborted` if the peer left before the end.',
      labelNames: ['status'],
      registers,
    });
    this.#dropped = new Counter({
      name: 'weft_prometheus_dropped_total',
      help: 'Metrics or fields that are not served, by reason.',
      labelNames: ['reason'],
      registers,
    });
    this.#duration = new Histogram({
      name: 'weft_prometheus_scrape_duration_seconds',
      help: 'Time from a scrape until the last byte of its page was handed on.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.#bytes = new Gauge({
      name: 'weft_prometheus_page_bytes',
      help: 'Size of the last page before compression.',
      registers,
    });
    const series: Gauge = new Gauge({
      name: 'weft_prometheus_series',
      help: 'Metric series that this exporter holds.',
      registers,
      collect: () => series.set(seriesCount()),
    });
    for (const reason of DROP_REASONS) this.#dropped.inc({ reason }, 0);
  }

  /** Begins to observe the process, which looks into /proc. */
  start(): void {
    if (this.#withRuntime) runtimeRegistry();
  }

  /** Whether this is a name that no other family may take. */
  owns(name: string): boolean {
    return this.#registry.getSingleMetric(name) !== undefined || (this.#withRuntime && RUNTIME_NAMES.test(name));
  }

  countRequest(outcome: Outcome): void {
    this.#requests.inc({ status: outcome });
  }

  countDrop(reason: DropReason): void {
    this.#dropped.inc({ reason });
  }

  recordScrape(durationMs: number, bytes: number): void {
    this.#duration.observe(durationMs / 1e3);
    this.#bytes.set(bytes);
  }

  /** In the text format. */
  async text(): Promise<string> {
    const pages = await Promise.all(this.#registries().map((registry) => registry.metrics()));
    return pages.join('');
  }

  /** For the protobuf format. */
  async families(): Promise<OwnFamily[]> {
    const families = await Promise.all(this.#registries().map((registry) => registry.getMetricsAsJSON()));
    return families.flat() as unknown as OwnFamily[];
  }

  #registries(): Registry[] {
    return this.#withRuntime ? [this.#registry, runtimeRegistry()] : [this.#registry];
  }
}

const RUNTIME_NAMES = /^(process|nodejs)_/;
let runtime: Registry | undefined;

/** One for the process, whose metrics these are: prom-client's observers of it cannot be taken down again. */
function runtimeRegistry(): Registry {
  if (runtime !== undefined) return runtime;
  runtime = new Registry();
  collectDefaultMetrics({ register: runtime, eventLoopMonitoringPrecision: 50 });
  // Gauges that are called like counters, against the naming rules; nodejs_active_resources says the same.
  for (const kind of ['handles', 'requests', 'resources']) runtime.removeSingleMetric(`nodejs_active_${kind}_total`);
  return runtime;
}
