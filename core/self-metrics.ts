/**
 * What the agent says of itself, as ordinary metrics: weft_build, weft_agent, and one weft_input, weft_processor or
 * weft_output for each plugin, beside what an output says of itself. Counts are what happened since the last time.
 */

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from './clock.js';
import { count, distribution, type Field, type Fields, gauge, type Metric, type Tags } from './metric.js';
import type { DiskUsage } from './pipeline/output-buffer.js';
import { Ticker } from './pipeline/scheduler.js';
import type { InputStats, OutputStats, ProcessorStats } from './pipeline/stats.js';
import type { AgentInfo, Output } from './plugin.js';

interface Named<S> {
  readonly name: string;
  readonly stats: S;
}

export interface AgentSnapshot {
  readonly uptimeMs: number;
  readonly reloads: number;
  readonly reloadFailures: number;
  readonly inputs: readonly Named<InputStats>[];
  readonly processors: readonly Named<ProcessorStats>[];
  readonly outputs: readonly (Named<OutputStats> & Pick<Output, 'selfMetrics'>)[];
}

export interface SelfMetricsOptions {
  readonly clock: Clock;
  readonly snapshot: () => AgentSnapshot;
  readonly emit: (metric: Metric) => void;
}

/** 20 wake-ups a second: 0.08 % of a core. The histogram holds the time between two of them, not their delay. */
const LOOP_RESOLUTION_MS = 50;

export class SelfMetrics {
  readonly #options: SelfMetricsOptions;
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  /** Totals at the last report, by the plugin they belong to. */
  #totals = new Map<string, number>();
  #ticker: Ticker | undefined;
  #info: AgentInfo | undefined;

  constructor(options: SelfMetricsOptions) {
    this.#options = options;
  }

  /** Begins to report on the interval, or goes on with another name and interval. */
  start(info: AgentInfo, intervalMs: number): void {
    this.stop();
    this.#info = info;
    this.#loop.enable();
    this.#ticker = new Ticker({ clock: this.#options.clock, intervalMs, onTick: () => this.report() });
    this.#ticker.start();
  }

  stop(): void {
    this.#ticker?.stop();
    this.#loop.disable();
  }

  /** Emits everything once. */
  report(): void {
    if (this.#info === undefined) return;
    const { hostname, version } = this.#info;
    const { emit, clock } = this.#options;
    const snapshot = this.#options.snapshot();
    const previous = this.#totals;
    this.#totals = new Map();
    const timeNs = clock.nowNs();
    const send = (name: string, tags: Tags, fields: Fields): void =>
      emit({ name, tags: { src: hostname, ...tags }, fields, timeNs });
    const since = (key: string) => (field: string, total: number, unit: string) => {
      const id = `${key}\n${field}`;
      this.#totals.set(id, total);
      return count(Math.max(0, total - (previous.get(id) ?? 0)), unit);
    };

    send('weft_build', { version, node: process.versions.node }, { info: gauge(1) });
    send('weft_agent', {}, this.#agentFields(snapshot, since('agent')));
    for (const { name, stats } of snapshot.inputs)
      send('weft_input', { input: name }, inputFields(stats, since(`input ${name}`)));
    for (const { name, stats } of snapshot.processors)
      send('weft_processor', { processor: name }, processorFields(stats, since(`processor ${name}`)));
    for (const output of snapshot.outputs) {
      const { name, stats } = output;
      const key = `output ${name}`;
      send('weft_output', { output: name }, outputFields(stats, timeNs, since(key)));
      for (const [field, counts] of Object.entries({ drops: stats.drops, rejections: stats.rejections })) {
        for (const [reason, total] of counts) {
          const fields = { [field]: since(`${key} ${reason}`)(field, total, 'metrics') };
          send('weft_output', { output: name, reason }, fields);
        }
      }
      for (const own of output.selfMetrics?.(timeNs) ?? []) send(own.name, { output: name, ...own.tags }, own.fields);
    }
  }

  #agentFields(snapshot: AgentSnapshot, since: Since): Fields {
    const cpu = process.cpuUsage();
    const fields = {
      uptime: gauge(snapshot.uptimeMs / 1000, 's'),
      inputs: gauge(snapshot.inputs.length),
      outputs: gauge(snapshot.outputs.length),
      reloads: since('reloads', snapshot.reloads, 'reloads'),
      reload_failures: since('reload_failures', snapshot.reloadFailures, 'reloads'),
      memory_rss: gauge(process.memoryUsage.rss(), 'bytes'),
      cpu: since('cpu', (cpu.user + cpu.system) / 1e6, 's'),
      ...loopFields(this.#loop),
    };
    this.#loop.reset();
    return fields;
  }
}

type Since = (field: string, total: number, unit: string) => Field;

function loopFields(loop: IntervalHistogram): Fields {
  if (loop.count === 0) return {};
  const delay = (ns: number): Field => gauge(Math.max(0, ns - LOOP_RESOLUTION_MS * 1e6), 'ns');
  return {
    event_loop_delay_p50: delay(loop.percentile(50)),
    event_loop_delay_p99: delay(loop.percentile(99)),
    event_loop_delay_max: delay(loop.max),
  };
}

function inputFields(stats: InputStats, since: Since): Fields {
  const time = stats.gatherTime.take();
  return {
    gathers: since('gathers', stats.gathers, 'gathers'),
    gather_errors: since('gather_errors', stats.gatherErrors, 'errors'),
    gather_skipped: since('gather_skipped', stats.gatherSkipped, 'gathers'),
    metrics_gathered: since('metrics_gathered', stats.metricsGathered, 'metrics'),
    metrics_filtered: since('metrics_filtered', stats.metricsFiltered, 'metrics'),
    errors: since('errors', stats.errors, 'errors'),
    ...(time === undefined ? {} : { gather_time: distribution(time) }),
  };
}

function processorFields(stats: ProcessorStats, since: Since): Fields {
  return {
    metrics_processed: since('metrics_processed', stats.metricsProcessed, 'metrics'),
    metrics_dropped: since('metrics_dropped', stats.metricsDropped, 'metrics'),
    errors: since('errors', stats.errors, 'errors'),
  };
}

function outputFields(stats: OutputStats, nowNs: bigint, since: Since): Fields {
  const { disk, oldestNs } = stats;
  const time = stats.writeTime.take();
  return {
    metrics_added: since('metrics_added', stats.metricsAdded, 'metrics'),
    metrics_written: since('metrics_written', stats.metricsWritten, 'metrics'),
    metrics_filtered: since('metrics_filtered', stats.metricsFiltered, 'metrics'),
    metrics_dropped: since('metrics_dropped', stats.metricsDropped, 'metrics'),
    metrics_rejected: since('metrics_rejected', stats.metricsRejected, 'metrics'),
    writes: since('writes', stats.writes, 'writes'),
    write_errors: since('write_errors', stats.writeErrors, 'errors'),
    write_splits: since('write_splits', stats.splits, 'splits'),
    circuit_open: gauge(stats.circuitOpen ? 1 : 0),
    buffer_size: gauge(stats.bufferSize, 'metrics'),
    buffer_limit: gauge(stats.bufferLimit, 'metrics'),
    // A metric may have any time, one ahead of this clock included.
    buffer_oldest_age: gauge(oldestNs === undefined ? 0 : Math.max(0, Number(nowNs - oldestNs)), 'ns'),
    ...(disk === undefined ? {} : diskFields(disk, stats.metricsRecovered, since)),
    ...(time === undefined ? {} : { write_time: distribution(time) }),
  };
}

function diskFields(disk: DiskUsage, recovered: number, since: Since): Fields {
  return {
    metrics_recovered: since('metrics_recovered', recovered, 'metrics'),
    disk_buffer_size: gauge(disk.metrics, 'metrics'),
    disk_buffer_used: gauge(disk.bytes, 'bytes'),
    disk_buffer_limit: gauge(disk.maxBytes, 'bytes'),
    disk_buffer_errors: since('disk_buffer_errors', disk.errors, 'errors'),
    disk_buffer_damaged_files: since('disk_buffer_damaged_files', disk.damagedFiles, 'files'),
  };
}
