/**
 * An output as the agent runs it: a filter, a bounded buffer, and one loop that writes batches. It writes on the flush
 * interval, and sooner when a full batch waits; after a failure it backs off and tries again. `add` never waits, so an
 * output that is slow, dead or hung costs the others nothing: its buffer drops its oldest metrics, and counts them.
 */

import type { Tracer } from '@opentelemetry/api';
import { createPlugin } from '../config/create.js';
import { locateConfigError } from '../config/locate.js';
import type { OutputInstance } from '../config/types.js';
import { ConfigError } from '../errors.js';
import type { Metric } from '../metric.js';
import type { Output, PluginContext } from '../plugin.js';
import { BatchWriter } from './batch-writer.js';
import { attempt, Calls, isA, messageOf, type Outcome, PENDING, within } from './calls.js';
import { Circuit } from './circuit.js';
import { DiskBuffer } from './disk/disk-buffer.js';
import { Filter } from './filters.js';
import { launch, made, type Runnable, START_TIMEOUT_MS, startupPolicy } from './launch.js';
import { LimitedLog } from './limited-log.js';
import { MemoryBuffer } from './memory-buffer.js';
import type { OutputBuffer } from './output-buffer.js';
import { Ticker } from './scheduler.js';
import { type OutputStats, Timings, type WriteCounts } from './stats.js';

/** A buffer on a disk; without one, metrics wait in memory. */
export interface DiskPlace {
  readonly folder: string;
  readonly maxBytes: number;
}

export interface OutputLimits {
  readonly flushIntervalMs: number;
  readonly flushJitterMs: number;
  readonly batchSize: number;
  readonly bufferLimit: number;
  readonly disk?: DiskPlace | undefined;
}

export interface RunningOutputOptions {
  readonly instance: OutputInstance;
  readonly context: PluginContext;
  readonly limits: OutputLimits;
  readonly tracer?: Tracer | undefined;
}

/** What outlives the plugin when it is made anew. */
interface Holdings extends WriteCounts {
  readonly buffer: OutputBuffer;
  filtered: number;
}

export class RunningOutput implements Runnable<RunningOutput> {
  readonly name: string;
  readonly #options: RunningOutputOptions;
  readonly #filter: Filter;
  readonly #holdings: Holdings;
  readonly #buffer: OutputBuffer;
  readonly #log: LimitedLog;
  readonly #calls: Calls;
  readonly #ticker: Ticker;
  readonly #circuit: Circuit;
  readonly #writer: BatchWriter;
  readonly #abort = new AbortController();
  #plugin: Output;
  /** The plugin was made and not yet connected: once only. */
  #fresh = true;
  #connected = false;
  #accepting = false;
  #flushing: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  /** Metrics to be written though they fill no batch. */
  #due = 0;

  /** Makes the plugin, which does no I/O; throws ConfigError. */
  constructor(options: RunningOutputOptions, holdings?: Holdings) {
    const { instance, context, limits, tracer } = options;
    this.#options = options;
    this.name = instance.name;
    this.#filter = new Filter(instance.common);
    this.#holdings = holdings ?? newHoldings(options);
    this.#buffer = this.#holdings.buffer;
    this.#log = new LimitedLog(context.log, context.clock);
    this.#calls = new Calls(context.clock);
    this.#ticker = new Ticker({
      clock: context.clock,
      intervalMs: limits.flushIntervalMs,
      jitterMs: limits.flushJitterMs,
      onTick: () => this.#request(true),
    });
    this.#circuit = new Circuit(context.clock, () => this.#request(true));
    this.#writer = new BatchWriter({
      name: this.name,
      clock: context.clock,
      tracer,
      calls: this.#calls,
      log: this.#log,
      buffer: this.#buffer,
      counts: this.#holdings,
      batchSize: limits.batchSize,
      signal: this.#abort.signal,
    });
    this.#plugin = this.#create();
  }

  revive(): RunningOutput {
    return new RunningOutput(this.#options, this.#holdings);
  }

  get stats(): OutputStats {
    const { buffer, filtered, ...counts } = this.#holdings;
    const { added, recovered, written, rejected, dropped } = buffer.tally;
    return {
      ...counts,
      metricsAdded: added,
      metricsRecovered: recovered,
      metricsWritten: written,
      metricsRejected: rejected.total,
      metricsDropped: dropped.total,
      metricsFiltered: filtered,
      rejections: rejected.counts,
      drops: dropped.counts,
      bufferSize: buffer.length,
      bufferLimit: buffer.limit,
      oldestNs: buffer.oldestNs,
      disk: buffer.disk,
      circuitOpen: this.#circuit.isOpen,
    };
  }

  /** What the plugin says of itself; nothing when it fails at that. */
  selfMetrics(timeNs: bigint): readonly Metric[] {
    try {
      return this.#plugin.selfMetrics?.(timeNs) ?? [];
    } catch (error) {
      this.#log.error('output failed to say how it is', messageOf(error));
      return [];
    }
  }

  /** Opens the buffer, connects, and begins to flush. */
  async start(): Promise<boolean> {
    const outcome = await this.#connect();
    if (!outcome.ok) {
      const policy = startupPolicy(outcome.error, this.#options.instance.common.startup_error_behavior);
      if (policy === 'fail' || this.#abort.signal.aborted) throw outcome.error;
      this.#log.error('output did not connect', messageOf(outcome.error));
      if (policy === 'ignore') return false;
    }
    this.#accepting = true;
    this.#ticker.start();
    return true;
  }

  /** Takes a metric that came through the pipeline. Never throws and never blocks. */
  add(metric: Metric): void {
    const kept = this.#filter.apply(metric);
    if (kept === undefined) {
      this.#holdings.filtered += 1;
      return;
    }
    if (!this.#buffer.add(kept)) this.#log.warn('buffer is full: the oldest metrics are dropped');
    if (this.#buffer.waiting >= this.#options.limits.batchSize) this.#request(false);
  }

  /** Writes what is buffered as far as that goes, then closes the plugin. What is left: `drain` or `discard` it. */
  stop(timeoutMs: number): Promise<void> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<void> {
    const { clock } = this.#options.context;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const flushes = this.#accepting;
    this.#accepting = false;
    this.#ticker.stop();
    this.#circuit.cancel();
    if (flushes) await within(clock, this.#finalFlush(), timeoutMs * 0.8);
    this.#abort.abort();
    this.#calls.abort();
    await this.#calls.idle(timeoutMs * 0.1);
    const remainingMs = deadlineMs - clock.monotonicMs();
    await Promise.all([this.#close(remainingMs), within(clock, this.#buffer.close(), remainingMs)]);
    this.#buffer.recall();
  }

  /** Takes over what the buffer still holds in memory, as when another instance goes on in this one's place. */
  drain(): readonly Metric[] {
    return this.#buffer.drain();
  }

  /** Puts metrics that were drained from another instance into the buffer. */
  adopt(metrics: readonly Metric[]): void {
    for (const metric of metrics) this.#buffer.add(metric);
  }

  /** Gives up what the buffer still holds in memory: counted as dropped, and logged. */
  discard(): void {
    const lost = this.#buffer.discard();
    if (lost > 0)
      this.#options.context.log.error({ metrics: lost }, 'metrics dropped: not written before the output closed');
  }

  async #finalFlush(): Promise<void> {
    await this.#flushing;
    this.#due = this.#buffer.length;
    if (this.#due > 0) await this.#flush();
  }

  /** Makes the flush loop run, for all that is there now or for full batches only, unless it waits out a failure. */
  #request(all: boolean): void {
    if (!this.#accepting || this.#circuit.isOpen) return;
    if (all) this.#due = this.#buffer.length;
    // Not at once: an input calls `add` from within its own work.
    this.#flushing ??= Promise.resolve()
      .then(() => this.#flush())
      .finally(() => {
        this.#flushing = undefined;
      });
  }

  /** Writes batch after batch, as long as there are metrics that are due or a full batch waits. Ends at a failure. */
  async #flush(): Promise<void> {
    if (!this.#connected && !(await this.#reconnect())) return this.#backOff(false, 0);
    const { batchSize } = this.#options.limits;
    while (!this.#abort.signal.aborted && (this.#due > 0 || this.#buffer.length >= batchSize)) {
      const batch = await this.#buffer.takeBatch(this.#writer.batchSize);
      this.#due = batch.length === 0 ? 0 : this.#due - batch.length;
      if (batch.length === 0 || this.#abort.signal.aborted) return;
      const progress = await this.#writer.write(this.#plugin, batch);
      if (!progress.done) return this.#backOff(progress.gotSomewhere, progress.retryAfterMs);
      this.#circuit.close();
    }
  }

  #backOff(gotSomewhere: boolean, retryAfterMs: number): void {
    if (this.#accepting) this.#circuit.open(gotSomewhere, retryAfterMs);
  }

  /** A plugin is connected once; what failed to connect is put away and made anew. */
  async #reconnect(): Promise<boolean> {
    if (this.#calls.busy) return false;
    if (!this.#fresh) {
      await this.#close(START_TIMEOUT_MS);
      const created = await attempt(() => this.#create());
      if (!created.ok) this.#log.error('output did not connect', messageOf(created.error));
      if (!created.ok || this.#abort.signal.aborted) return false;
      this.#plugin = created.value;
      this.#fresh = true;
    }
    const outcome = await this.#connect();
    if (outcome.ok) this.#options.context.log.info({}, 'output connected');
    else this.#log.error('output did not connect', messageOf(outcome.error));
    return outcome.ok;
  }

  #create(): Output {
    const { instance, context } = this.#options;
    return made('output', instance.name, createPlugin(instance, context));
  }

  async #connect(): Promise<Outcome<unknown>> {
    const plugin = this.#plugin;
    this.#fresh = false;
    const { clock } = this.#options.context;
    const outcome = await launch(this.#calls, clock, this.#abort.signal, async (signal) => {
      await this.#openBuffer();
      await plugin.connect?.(signal);
    });
    this.#connected = outcome.ok;
    return outcome;
  }

  /** Nothing when it is open. A mistake in its options is told with its place in the file. */
  async #openBuffer(): Promise<void> {
    try {
      await this.#buffer.open();
    } catch (error) {
      throw isA(ConfigError, error) ? locateConfigError(this.#options.instance, error) : error;
    }
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#connected = false;
    const plugin = this.#plugin;
    const closed = attempt(() => plugin.close?.());
    const outcome = await within(this.#options.context.clock, closed, timeoutMs);
    if (outcome === PENDING) this.#log.warn('output did not close in time');
    else if (!outcome.ok) this.#log.error('output failed to close', messageOf(outcome.error));
  }
}

function newHoldings({ context, limits }: RunningOutputOptions): Holdings {
  const { disk, bufferLimit } = limits;
  const buffer =
    disk === undefined
      ? new MemoryBuffer(bufferLimit)
      : new DiskBuffer({ ...disk, limit: bufferLimit, clock: context.clock, log: context.log });
  return { buffer, writeTime: new Timings(), filtered: 0, writes: 0, writeErrors: 0, splits: 0 };
}
