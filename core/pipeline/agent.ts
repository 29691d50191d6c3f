/**
 * The running agent: inputs, processors, outputs and the way between them. It starts from the far end (outputs, then
 * processors, then inputs) and stops from the near one, so that no metric meets a closed door.
 */

import type { Config } from '../config/types.js';
import type { Metric } from '../metric.js';
import { type AgentSnapshot, SelfMetrics } from '../self-metrics.js';
import { attempt } from './calls.js';
import { chain } from './chain.js';
import { combineErrors, Fleet, type Plan, type Undo } from './fleet.js';
import type { RunningInput } from './running-input.js';
import type { RunningOutput } from './running-output.js';
import type { RunningProcessor } from './running-processor.js';
import { agentInfo, type Environment, wantInput, wantOutput, wantProcessor } from './wiring.js';

export interface AgentOptions extends Environment {
  readonly config: Config;
}

interface Plans {
  readonly inputs: Plan<RunningInput>;
  readonly processors: Plan<RunningProcessor>;
  readonly outputs: Plan<RunningOutput>;
}

/** Of `shutdown_timeout`, how much the inputs may use; the outputs get what is left. */
const INPUT_SHARE = 0.5;

export class Agent {
  readonly #env: Environment;
  readonly #inputs: Fleet<RunningInput>;
  readonly #processors: Fleet<RunningProcessor>;
  readonly #outputs: Fleet<RunningOutput>;
  readonly #startedMs: number;
  #config: Config;
  #entry: (metric: Metric) => void = (metric) => this.#deliver(metric);
  readonly #selfMetrics: SelfMetrics;
  /** Start and reloads, one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #reloads = 0;
  #reloadFailures = 0;

  constructor(options: AgentOptions) {
    this.#env = options;
    this.#config = options.config;
    this.#startedMs = options.clock.monotonicMs();
    const { clock, log } = options;
    const common = { clock, log, stopTimeoutMs: () => this.#config.agent.shutdown_timeout };
    this.#inputs = new Fleet({ ...common, kind: 'inputs', onStarted: (input) => input.schedule() });
    this.#processors = new Fleet({ ...common, kind: 'processors', onChange: () => this.#link() });
    this.#outputs = new Fleet({ ...common, kind: 'outputs', handOver });
    this.#selfMetrics = new SelfMetrics({
      clock,
      snapshot: () => this.snapshot(),
      emit: (metric) => this.#entry(metric),
    });
  }

  /** What runs now, by kind, in the order of the configuration. */
  get inputs(): readonly RunningInput[] {
    return this.#inputs.running;
  }

  get processors(): readonly RunningProcessor[] {
    return this.#processors.running;
  }

  get outputs(): readonly RunningOutput[] {
    return this.#outputs.running;
  }

  /**
   * Makes all plugins, connects the outputs, starts the inputs. Throws ConfigError (every plugin's at once) or
   * StartupError; then nothing runs any more.
   */
  start(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#change(this.#config);
      this.#report();
    });
  }

  /**
   * Goes over to a new configuration. Plugins whose configuration is the same run on, with their buffers and counters.
   * Throws, and leaves everything as it was, when a new plugin cannot be made or does not start.
   */
  reload(config: Config): Promise<void> {
    return this.#enqueue(async () => {
      const outcome = await attempt(() => this.#change(config));
      if (!outcome.ok) {
        this.#reloadFailures += 1;
        throw outcome.error;
      }
      this.#reloads += 1;
      this.#config = config;
      this.#env.log.setLevel(config.agent.log_level);
      this.#report();
    });
  }

  /** Stops within agent.shutdown_timeout: the inputs hand over their last metrics, the outputs write and close. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** What the agent counts, for its self-metrics. */
  snapshot(): AgentSnapshot {
    return {
      uptimeMs: this.#env.clock.monotonicMs() - this.#startedMs,
      reloads: this.#reloads,
      reloadFailures: this.#reloadFailures,
      inputs: this.#inputs.running,
      processors: this.#processors.running,
      outputs: this.#outputs.running,
    };
  }

  async #stop(): Promise<void> {
    const { clock } = this.#env;
    const timeoutMs = this.#config.agent.shutdown_timeout;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    this.#selfMetrics.stop();
    await this.#inputs.close(timeoutMs * INPUT_SHARE);
    const remainingMs = deadlineMs - clock.monotonicMs();
    await Promise.all([this.#processors.close(remainingMs), this.#outputs.close(remainingMs)]);
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(async () => {
      if (this.#stopping !== undefined) throw new Error('the agent was stopped');
      await task();
    });
    this.#queue = attempt(() => result);
    return result;
  }

  async #change(config: Config): Promise<void> {
    const plans = this.#plan(config);
    const undo: Undo = [];
    const changed = await attempt(async () => {
      await this.#outputs.change(plans.outputs, undo);
      await this.#processors.change(plans.processors, undo);
      await this.#inputs.change(plans.inputs, undo);
    });
    if (!changed.ok) {
      // A stop meanwhile stops what runs, old and new; there is nothing to go back to.
      if (this.#stopping === undefined) for (const step of undo.reverse()) await step();
      throw changed.error;
    }
    await this.#inputs.finish(plans.inputs);
    await this.#processors.finish(plans.processors);
    await this.#outputs.finish(plans.outputs);
  }

  #plan({ agent, inputs, processors, outputs }: Config): Plans {
    const errors: unknown[] = [];
    const emit = (metric: Metric): void => this.#entry(metric);
    const plans = {
      inputs: this.#inputs.plan(
        inputs.map((instance) => wantInput(this.#env, agent, instance, emit)),
        errors,
      ),
      processors: this.#processors.plan(
        processors.map((instance) => wantProcessor(this.#env, agent, instance)),
        errors,
      ),
      outputs: this.#outputs.plan(
        outputs.map((instance) => wantOutput(this.#env, agent, instance)),
        errors,
      ),
    };
    if (errors.length > 0) throw combineErrors(errors);
    return plans;
  }

  #link(): void {
    this.#entry = chain(this.#processors.running, (metric) => this.#deliver(metric));
  }

  /** To every output at once; none of them waits or throws. */
  #deliver(metric: Metric): void {
    for (const output of this.#outputs.running) output.add(metric);
  }

  #report(): void {
    if (this.#stopping !== undefined) return;
    const { agent } = this.#config;
    this.#selfMetrics.start(agentInfo(agent, this.#env.version), agent.interval);
  }
}

function handOver(from: RunningOutput, to: RunningOutput | undefined): void {
  if (to === undefined) from.discard();
  else to.adopt(from.drain());
}
