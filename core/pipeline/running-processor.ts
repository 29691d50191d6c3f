/** A processor as the agent runs it: its filter, its counters, and the wall around it. */

import { createPlugin } from '../config/create.js';
import type { ProcessorInstance } from '../config/types.js';
import type { Metric } from '../metric.js';
import type { PluginContext, Processor } from '../plugin.js';
import { attempt, messageOf, PENDING, within } from './calls.js';
import { metricFault } from './check-metric.js';
import { Filter } from './filters.js';
import { made, type Runnable } from './launch.js';
import { LimitedLog } from './limited-log.js';
import { newProcessorStats, type ProcessorStats } from './stats.js';

export class RunningProcessor implements Runnable<RunningProcessor> {
  readonly name: string;
  readonly order: number;
  readonly stats: ProcessorStats;
  readonly #instance: ProcessorInstance;
  readonly #context: PluginContext;
  readonly #filter: Filter;
  readonly #log: LimitedLog;
  readonly #plugin: Processor;

  /** Makes the plugin; throws ConfigError. */
  constructor(instance: ProcessorInstance, context: PluginContext, stats: ProcessorStats = newProcessorStats()) {
    this.name = instance.name;
    this.order = instance.common.order ?? Number.NEGATIVE_INFINITY;
    this.stats = stats;
    this.#instance = instance;
    this.#context = context;
    this.#filter = new Filter(instance.common);
    this.#log = new LimitedLog(context.log, context.clock);
    this.#plugin = made('processor', instance.name, createPlugin(instance, context));
  }

  revive(): RunningProcessor {
    return new RunningProcessor(this.#instance, this.#context, this.stats);
  }

  async start(): Promise<boolean> {
    return true;
  }

  /**
   * Hands what becomes of `metric` to `next`; never throws. A metric that the filter does not select passes by. One on
   * which the processor throws is dropped and counted: passing it on could publish what was to be removed.
   */
  process(metric: Metric, next: (metric: Metric) => void): void {
    if (!this.#filter.select(metric)) {
      next(metric);
      return;
    }
    let results: Metric | Metric[] | undefined;
    try {
      const modified = this.#filter.modify(metric);
      results = modified && this.#plugin.process(modified);
      this.stats.metricsProcessed += 1;
      if (results === undefined) return;
      results = [results].flat();
      for (const result of results) {
        const fault = metricFault(result);
        if (fault !== undefined) throw new TypeError(fault);
      }
    } catch (error) {
      this.stats.metricsDropped += 1;
      this.#fail('processor failed on a metric, which is dropped', error);
      return;
    }
    for (const result of results) next(result);
  }

  async stop(timeoutMs: number): Promise<void> {
    const plugin = this.#plugin;
    const outcome = await within(
      this.#context.clock,
      attempt(() => plugin.stop?.()),
      timeoutMs,
    );
    if (outcome === PENDING) this.#fail('processor did not stop in time', undefined);
    else if (!outcome.ok) this.#fail('processor failed to stop', outcome.error);
  }

  #fail(message: string, error: unknown): void {
    this.stats.errors += 1;
    this.#log.error(message, error === undefined ? undefined : messageOf(error));
  }
}
