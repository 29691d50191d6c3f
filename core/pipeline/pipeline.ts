/**
 * Inputs, processors and outputs, and the way between them. They start from the far end (outputs, then processors, then
 * inputs) and close from the near one, so that no metric meets a closed door.
 */

import type { Config } from '../config/types.js';
import type { Metric } from '../metric.js';
import { attempt } from './calls.js';
import { chain } from './chain.js';
import { combineErrors, Fleet, type Plan, type Undo } from './fleet.js';
import type { RunningInput } from './running-input.js';
import type { RunningOutput } from './running-output.js';
import type { RunningProcessor } from './running-processor.js';
import { type Environment, wantInput, wantOutput, wantProcessor } from './wiring.js';

export interface PipelineOptions extends Environment {
  /** How long one plugin may take to stop while the others run on, ms. */
  readonly stopTimeoutMs: () => number;
  /** Called for each input that was started. */
  readonly onInput?: (input: RunningInput) => void;
  /** Called with each metric that reaches the outputs. */
  readonly onMetric?: (metric: Metric) => void;
}

interface Plans {
  readonly inputs: Plan<RunningInput>;
  readonly processors: Plan<RunningProcessor>;
  readonly outputs: Plan<RunningOutput>;
}

/** Of the time there is to close, how much the inputs may use; the outputs get what is left. */
const INPUT_SHARE = 0.5;

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #inputs: Fleet<RunningInput>;
  readonly #processors: Fleet<RunningProcessor>;
  readonly #outputs: Fleet<RunningOutput>;
  #entry: (metric: Metric) => void = (metric) => this.#deliver(metric);
  #closed = false;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { onInput } = options;
    const onStarted = onInput === undefined ? {} : { onStarted: onInput };
    this.#inputs = new Fleet({ ...options, kind: 'inputs', ...onStarted });
    this.#processors = new Fleet({ ...options, kind: 'processors', onChange: () => this.#link() });
    this.#outputs = new Fleet({ ...options, kind: 'outputs', handOver });
  }

  /** What runs now, in the order of the configuration. */
  get inputs(): readonly RunningInput[] {
    return this.#inputs.running;
  }

  get processors(): readonly RunningProcessor[] {
    return this.#processors.running;
  }

  get outputs(): readonly RunningOutput[] {
    return this.#outputs.running;
  }

  /** Sends a metric through the processors to every output. Never throws and never blocks. */
  emit(metric: Metric): void {
    this.#entry(metric);
  }

  /**
   * Makes `config` what runs. Throws ConfigError (with the mistakes of all plugins) or StartupError, and then everything
   * is as it was before. Not to be called again before it is done.
   */
  async apply(config: Config): Promise<void> {
    const plans = this.#plan(config);
    const undo: Undo = [];
    const changed = await attempt(async () => {
      await this.#outputs.change(plans.outputs, undo);
      await this.#processors.change(plans.processors, undo);
      await this.#inputs.change(plans.inputs, undo);
    });
    if (!changed.ok) {
      // After `close` nothing may start again, and what runs, old and new, is being stopped.
      for (const step of this.#closed ? [] : undo.reverse()) await step();
      throw changed.error;
    }
    await this.#inputs.finish(plans.inputs);
    await this.#processors.finish(plans.processors);
    await this.#outputs.finish(plans.outputs);
  }

  /** Stops everything within `timeoutMs`: inputs hand over their last metrics, outputs write them and close. */
  async close(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    this.#closed = true;
    await this.#inputs.close(timeoutMs * INPUT_SHARE);
    const remainingMs = deadlineMs - clock.monotonicMs();
    await Promise.all([this.#processors.close(remainingMs), this.#outputs.close(remainingMs)]);
  }

  #plan({ agent, inputs, processors, outputs }: Config): Plans {
    const env = this.#options;
    const errors: unknown[] = [];
    const emit = (metric: Metric): void => this.emit(metric);
    const wantedInputs = inputs.map((instance) => wantInput(env, agent, instance, emit));
    const wantedProcessors = processors.map((instance) => wantProcessor(env, agent, instance));
    const wantedOutputs = outputs.map((instance) => wantOutput(env, agent, instance));
    const plans = {
      inputs: this.#inputs.plan(wantedInputs, errors),
      processors: this.#processors.plan(wantedProcessors, errors),
      outputs: this.#outputs.plan(wantedOutputs, errors),
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
    this.#options.onMetric?.(metric);
  }
}

function handOver(from: RunningOutput, to: RunningOutput | undefined): void {
  if (to === undefined) from.discard();
  else to.adopt(from.drain());
}
