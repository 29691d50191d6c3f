/**
 * An input as the agent runs it. The plugin only measures; here stands what every input has in common: start and its
 * retries, the gather grid, tags, filters, counters, and the wall that nothing a plugin throws gets over.
 */

import type { Tracer } from '@opentelemetry/api';
import type { InputConfig } from '../config/common.js';
import { createPlugin } from '../config/create.js';
import type { InputInstance } from '../config/types.js';
import type { Metric, Tags } from '../metric.js';
import type { Accumulator, Input, PluginContext } from '../plugin.js';
import { attempt, Calls, messageOf, type Outcome, PENDING, within } from './calls.js';
import { metricFault } from './check-metric.js';
import { Filter } from './filters.js';
import { has, launch, made, type Runnable, START_TIMEOUT_MS, startupPolicy } from './launch.js';
import { LimitedLog } from './limited-log.js';
import { Ticker } from './scheduler.js';
import { traced } from './spans.js';
import { type InputStats, newInputStats } from './stats.js';

/** Begins the names of what weft says of itself. */
const SELF_PREFIX = 'weft_';

export interface InputTiming {
  readonly intervalMs: number;
  readonly jitterMs: number;
  readonly offsetMs: number;
}

export interface RunningInputOptions {
  readonly instance: InputInstance;
  readonly context: PluginContext;
  readonly timing: InputTiming;
  /** Takes each metric on to the outputs. Never throws and never blocks. */
  readonly emit: (metric: Metric) => void;
  readonly tracer?: Tracer | undefined;
}

type State = 'idle' | 'retrying' | 'running' | 'stopped';

export class RunningInput implements Accumulator, Runnable<RunningInput> {
  readonly name: string;
  readonly stats: InputStats;
  readonly #options: RunningInputOptions;
  readonly #common: InputConfig;
  readonly #filter: Filter;
  readonly #log: LimitedLog;
  readonly #calls: Calls;
  readonly #ticker: Ticker;
  readonly #abort = new AbortController();
  #plugin: Input;
  #state: State = 'idle';
  #stopping: Promise<void> | undefined;

  /** Makes the plugin, which does no I/O; throws ConfigError. */
  constructor(options: RunningInputOptions, stats: InputStats = newInputStats()) {
    const { instance, context, timing } = options;
    this.#options = options;
    this.name = instance.name;
    this.stats = stats;
    this.#common = instance.common;
    this.#filter = new Filter(instance.common);
    this.#log = new LimitedLog(context.log, context.clock);
    this.#calls = new Calls(context.clock);
    this.#ticker = new Ticker({
      clock: context.clock,
      ...timing,
      onTick: () => this.#tick(),
      onSkip: (ticks) => this.#skipped(ticks),
    });
    this.#plugin = this.#create();
  }

  revive(): RunningInput {
    return new RunningInput(this.#options, this.stats);
  }

  async start(): Promise<boolean> {
    const outcome = await this.#startPlugin();
    if (outcome.ok) return true;
    const policy = startupPolicy(outcome.error, this.#common.startup_error_behavior);
    if (policy === 'fail' || this.#abort.signal.aborted) throw outcome.error;
    this.#fail('input did not start', outcome.error);
    if (policy === 'retry') this.#state = 'retrying';
    return policy === 'retry';
  }

  /** Begins to gather on the interval. */
  schedule(): void {
    if (this.#state === 'retrying' || has(this.#plugin, 'gather')) this.#ticker.start();
  }

  /** Whether the plugin works by itself between gathers. */
  get isService(): boolean {
    return has(this.#plugin, 'start');
  }

  /** Gathers once; never rejects. */
  async gather(): Promise<void> {
    const plugin = this.#plugin;
    if (this.#state !== 'running' || !has(plugin, 'gather')) return;
    const { context, tracer } = this.#options;
    const { clock } = context;
    const startMs = clock.monotonicMs();
    this.stats.gathers += 1;
    const outcome = await traced(tracer, 'input.gather', { 'weft.input': this.name }, () =>
      this.#calls.run((signal) => plugin.gather?.(this, signal)),
    );
    this.stats.gatherTime.recordMs(clock.monotonicMs() - startMs);
    if (outcome.ok || this.#abort.signal.aborted) return;
    this.stats.gatherErrors += 1;
    this.#fail('gather failed', outcome.error);
  }

  /** Half of the time is for a gather in progress to give up, the rest for the plugin to hand over what it holds. */
  stop(timeoutMs: number): Promise<void> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<void> {
    const { clock } = this.#options.context;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    this.#ticker.stop();
    this.#abort.abort();
    this.#calls.abort();
    await this.#calls.idle(timeoutMs / 2);
    await this.#stopPlugin(deadlineMs - clock.monotonicMs());
    this.#state = 'stopped';
  }

  add(metric: Metric): void {
    try {
      const fault = this.#state === 'stopped' ? 'metric came after stop' : metricFault(metric);
      if (fault !== undefined) throw new TypeError(fault);
      const kept = this.#shape(metric);
      if (kept === undefined) {
        this.stats.metricsFiltered += 1;
        return;
      }
      this.stats.metricsGathered += 1;
      this.#options.emit(kept);
    } catch (error) {
      this.addError(error);
    }
  }

  addError(error: unknown): void {
    this.#fail('input reports an error', error);
  }

  #shape(metric: Metric): Metric | undefined {
    if (!this.#filter.select(metric)) return undefined;
    const { hostname } = this.#options.context.agent;
    return this.#filter.modify(withTags(metric, this.#common.tags, hostname, this.name));
  }

  #create(): Input {
    const { instance, context } = this.#options;
    return made('input', instance.name, createPlugin(instance, context));
  }

  async #startPlugin(): Promise<Outcome<unknown>> {
    const plugin = this.#plugin;
    const { clock } = this.#options.context;
    const start = (signal: AbortSignal): unknown => plugin.start?.(this, signal);
    const outcome = await launch(this.#calls, clock, this.#abort.signal, start);
    if (outcome.ok) this.#state = 'running';
    return outcome;
  }

  async #tick(): Promise<void> {
    if (this.#state === 'retrying') await this.#retry();
    await this.gather();
  }

  /** A plugin is started once; what failed to start is put away and made anew. */
  async #retry(): Promise<void> {
    if (this.#calls.busy) return;
    await this.#stopPlugin(START_TIMEOUT_MS);
    const created = await attempt(() => this.#create());
    if (this.#abort.signal.aborted) return;
    if (created.ok) this.#plugin = created.value;
    const started = created.ok ? await this.#startPlugin() : created;
    if (this.#abort.signal.aborted) return;
    if (!started.ok) return this.#fail('input did not start', started.error);
    this.#options.context.log.info({}, 'input started');
    if (!has(this.#plugin, 'gather')) this.#ticker.stop();
  }

  async #stopPlugin(timeoutMs: number): Promise<void> {
    const plugin = this.#plugin;
    const stopped = attempt(() => plugin.stop?.());
    const outcome = await within(this.#options.context.clock, stopped, timeoutMs);
    if (outcome === PENDING) this.#fail('input did not stop in time', undefined);
    else if (!outcome.ok) this.#fail('input failed to stop', outcome.error);
  }

  #skipped(ticks: number): void {
    this.stats.gatherSkipped += ticks;
    this.#log.warn('gather takes longer than the interval: ticks are skipped');
  }

  #fail(message: string, error: unknown): void {
    this.stats.errors += 1;
    this.#log.error(message, error === undefined ? undefined : messageOf(error));
  }
}

/**
 * The metric with the plugin's tags, but for those it has itself, and with this host as its source if neither names one:
 * where the metrics of many hosts come together, equal tags would make one series of theirs. For the same reason what an
 * input says of itself (`weft_…`) names the input: another of its kind may run beside it. An empty value means that a tag
 * is absent. Key by key into one object: spreading is forty times slower where the values of a tag are many.
 */
function withTags(metric: Metric, tags: Tags | undefined, src: string, input: string): Metric {
  if (tags === undefined && metric.tags.src) return metric;
  const merged: Record<string, string> = {};
  for (const tag in tags) merged[tag] = tags[tag] ?? '';
  for (const tag in metric.tags) {
    const value = metric.tags[tag];
    if (value !== undefined && value !== '') merged[tag] = value;
  }
  merged.src ||= src;
  if (metric.name.startsWith(SELF_PREFIX)) merged.input ||= input;
  return { name: metric.name, tags: merged, fields: metric.fields, timeNs: metric.timeNs };
}
