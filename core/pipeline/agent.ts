/** The agent: a pipeline that runs until it is told to stop, can be reconfigured on the way, and says how it is. */

import type { Config } from '../config/types.js';
import { type AgentSnapshot, SelfMetrics } from '../self-metrics.js';
import { attempt } from './calls.js';
import { Pipeline } from './pipeline.js';
import type { RunningInput } from './running-input.js';
import type { RunningOutput } from './running-output.js';
import type { RunningProcessor } from './running-processor.js';
import { agentInfo, type Environment } from './wiring.js';

export interface AgentOptions extends Environment {
  readonly config: Config;
}

export class Agent {
  readonly #env: Environment;
  readonly #pipeline: Pipeline;
  readonly #selfMetrics: SelfMetrics;
  readonly #madeMs: number;
  #config: Config;
  /** The start and the reloads, one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #reloads = 0;
  #reloadFailures = 0;

  constructor(options: AgentOptions) {
    const { config, ...env } = options;
    this.#env = env;
    this.#config = config;
    this.#madeMs = env.clock.monotonicMs();
    this.#pipeline = new Pipeline({
      ...env,
      stopTimeoutMs: () => this.#config.agent.shutdown_timeout,
      onInput: (input) => input.schedule(),
    });
    this.#selfMetrics = new SelfMetrics({
      clock: env.clock,
      snapshot: () => this.snapshot(),
      emit: (metric) => this.#pipeline.emit(metric),
    });
  }

  /** What runs now, in the order of the configuration. */
  get inputs(): readonly RunningInput[] {
    return this.#pipeline.inputs;
  }

  get processors(): readonly RunningProcessor[] {
    return this.#pipeline.processors;
  }

  get outputs(): readonly RunningOutput[] {
    return this.#pipeline.outputs;
  }

  /**
   * Makes all plugins, connects the outputs, starts the inputs. Throws ConfigError (with the mistakes of all plugins) or
   * StartupError; then nothing runs any more.
   */
  start(): Promise<void> {
    return this.#enqueue(() => this.#apply(this.#config));
  }

  /**
   * Goes over to a new configuration. Plugins whose configuration is the same run on, with their buffers and counters.
   * Throws as `start` does, and then everything is as it was before.
   */
  reload(config: Config): Promise<void> {
    return this.#enqueue(async () => {
      const outcome = await attempt(() => this.#apply(config));
      if (outcome.ok) this.#reloads += 1;
      else this.#reloadFailures += 1;
      if (!outcome.ok) throw outcome.error;
    });
  }

  /** Stops within agent.shutdown_timeout: the inputs hand over their last metrics, the outputs write and close. */
  stop(): Promise<void> {
    if (this.#stopping === undefined) {
      this.#selfMetrics.stop();
      this.#stopping = this.#pipeline.close(this.#config.agent.shutdown_timeout);
    }
    return this.#stopping;
  }

  /** What the agent counts, for its self-metrics. */
  snapshot(): AgentSnapshot {
    return {
      uptimeMs: this.#env.clock.monotonicMs() - this.#madeMs,
      reloads: this.#reloads,
      reloadFailures: this.#reloadFailures,
      inputs: this.inputs,
      processors: this.processors,
      outputs: this.outputs,
    };
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(async () => {
      if (this.#stopping !== undefined) throw new Error('the agent was stopped');
      await task();
    });
    this.#queue = attempt(() => result);
    return result;
  }

  async #apply(config: Config): Promise<void> {
    await this.#pipeline.apply(config);
    this.#config = config;
    this.#env.log.setLevel(config.agent.log_level);
    if (this.#stopping !== undefined) return;
    this.#selfMetrics.start(agentInfo(config.agent, this.#env.version), config.agent.interval);
  }
}
