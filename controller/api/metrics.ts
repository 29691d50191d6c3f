/** What the controller counts, on prom-client: families with a handful of series, rendered when somebody asks. */

import { Counter, Gauge, Histogram, Registry as MetricRegistry } from 'prom-client';
import type { Registry, RegistryFigures } from '../registry.js';
import { REFUSALS, type Refusal } from '../registry-error.js';

export interface RequestFigures {
  readonly method: string;
  /** The route's pattern, or `other`: never what the peer made up. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

interface Sources {
  readonly registry: Registry;
  readonly connections: () => number;
  readonly version: string;
}

export class ControllerMetrics {
  readonly #registry = new MetricRegistry();
  readonly #requests: Counter;
  readonly #duration: Histogram;
  readonly #refusedConnections: Counter;
  readonly #lists: Counter;
  readonly #targets: Counter;

  constructor({ registry, connections, version }: Sources) {
    this.#requests = this.#counter('requests', 'Requests, by method, route and status.', ['method', 'route', 'status']);
    this.#refusedConnections = this.#counter('connections_refused', 'Connections turned away: there were too many.');
    this.#lists = this.#counter('pinglists_sent', 'Pinglists sent; answers 304 are not among them.');
    this.#targets = this.#counter('pinglist_targets_sent', 'Targets on the pinglists sent.');
    this.#duration = new Histogram({
      name: 'weft_controller_request_duration_seconds',
      help: 'Time from the head of a request to the end of its answer.',
      labelNames: ['route'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers: [this.#registry],
    });
    this.#gauge('connections', 'Open connections.', [], (gauge) => gauge.set(connections()));
    this.#gauge('info', 'Version of weft.', ['version'], (gauge) => gauge.set({ version }, 1));
    this.#observeRegistry(registry);
    this.#observeProcess();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  countRequest({ method, route, status, durationMs }: RequestFigures): void {
    this.#requests.inc({ method, route, status });
    this.#duration.observe({ route }, durationMs / 1e3);
  }

  countRefusedConnection(): void {
    this.#refusedConnections.inc();
  }

  countList(targets: number): void {
    this.#lists.inc();
    this.#targets.inc(targets);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #observeRegistry(registry: Registry): void {
    this.#gauge('agents', 'Agents registered, by state.', ['state'], (gauge) => {
      for (const [state, agents] of Object.entries(registry.figures().agents)) gauge.set({ state }, agents);
    });
    this.#gauge('store_available', '1 when the store can be reached.', [], (gauge) =>
      gauge.set(registry.available ? 1 : 0),
    );
    const totals: [keyof RegistryFigures & string, string, string][] = [
      ['registrations', 'registrations', 'Registrations accepted, heartbeats among them.'],
      ['forgotten', 'forgotten', 'Agents forgotten after their silence.'],
      ['deleted', 'deleted', 'Agents deleted by an admin.'],
      ['storeErrors', 'store_errors', 'Times the store failed to keep something.'],
    ];
    for (const [key, name, help] of totals)
      this.#total(name, help, [], (counter) => counter.inc(Number(registry.figures()[key])));
    this.#total('registrations_refused', 'Registrations and deletions refused, by reason.', ['reason'], (counter) => {
      const { refused } = registry.figures();
      for (const reason of REFUSALS) counter.inc({ reason }, refused[reason satisfies Refusal]);
    });
  }

  /** Under the names that every exporter has, so that dashboards know them. */
  #observeProcess(): void {
    const registers = [this.#registry];
    const cpu: Counter = new Counter({
      name: 'process_cpu_seconds_total',
      help: 'CPU time of this process.',
      registers,
      collect() {
        const { user, system } = process.cpuUsage();
        cpu.reset();
        cpu.inc((user + system) / 1e6);
      },
    });
    const memory: Gauge = new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory of this process.',
      registers,
      collect: () => memory.set(process.memoryUsage.rss()),
    });
    new Gauge({
      name: 'process_start_time_seconds',
      help: 'When this process was started, Unix time.',
      registers,
    }).set(Math.round(performance.timeOrigin) / 1e3);
  }

  #counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({ name: `weft_controller_${name}_total`, help, labelNames, registers: [this.#registry] });
  }

  /** A counter that somebody else counts. */
  #total(name: string, help: string, labelNames: readonly string[], read: (counter: Counter) => void): void {
    const counter: Counter = new Counter({
      name: `weft_controller_${name}_total`,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        counter.reset();
        read(counter);
      },
    });
  }

  #gauge(name: string, help: string, labelNames: readonly string[], read: (gauge: Gauge) => void): void {
    const gauge: Gauge = new Gauge({
      name: `weft_controller_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => read(gauge),
    });
  }
}
