/** One round of everything, then the end: what `weft test` and `weft once` do. */

import { delay } from '../clock.js';
import type { Config } from '../config/types.js';
import type { Metric } from '../metric.js';
import { attempt } from './calls.js';
import { chain } from './chain.js';
import { combineErrors, Fleet } from './fleet.js';
import type { RunningInput } from './running-input.js';
import type { RunningOutput } from './running-output.js';
import type { RunningProcessor } from './running-processor.js';
import { type Environment, wantInput, wantOutput, wantProcessor } from './wiring.js';

export interface OnceOptions extends Environment {
  readonly config: Config;
  /** Gets every metric that came through inputs and processors. */
  readonly onMetric?: (metric: Metric) => void;
  /** Whether the outputs are connected and written to; otherwise they are not even made. */
  readonly writeOutputs: boolean;
  /** Ends the wait for the window early. */
  readonly signal?: AbortSignal;
}

export interface OnceResult {
  /** What inputs and processors reported or did wrong. */
  readonly errors: number;
  /** Metrics that an output did not take: rejected, or dropped because it could not be written to. */
  readonly unsent: number;
}

/** A window is whole when its last probe has been answered or has timed out. */
const WINDOW_GRACE_MS = 2000;

/**
 * Starts everything, gathers each input once, waits for one window if an input works by itself, and stops. Throws
 * ConfigError or StartupError like Agent.start.
 */
export async function gatherOnce(options: OnceOptions): Promise<OnceResult> {
  const { config, clock, log, signal } = options;
  const common = { clock, log, stopTimeoutMs: () => config.agent.shutdown_timeout };
  const inputs = new Fleet<RunningInput>({ ...common, kind: 'inputs' });
  const processors = new Fleet<RunningProcessor>({ ...common, kind: 'processors' });
  const outputs = new Fleet<RunningOutput>({
    ...common,
    kind: 'outputs',
    handOver: (from) => from.discard(),
  });
  let entry: (metric: Metric) => void = () => {};
  const errors: unknown[] = [];
  const plans = {
    inputs: inputs.plan(
      config.inputs.map((instance) => wantInput(options, config.agent, instance, (metric) => entry(metric))),
      errors,
    ),
    processors: processors.plan(
      config.processors.map((instance) => wantProcessor(options, config.agent, instance)),
      errors,
    ),
    outputs: outputs.plan(
      options.writeOutputs ? config.outputs.map((instance) => wantOutput(options, config.agent, instance)) : [],
      errors,
    ),
  };
  if (errors.length > 0) throw combineErrors(errors);

  const run = await attempt(async () => {
    await outputs.change(plans.outputs, []);
    await processors.change(plans.processors, []);
    entry = chain(processors.running, (metric) => {
      options.onMetric?.(metric);
      for (const output of outputs.running) output.add(metric);
    });
    await inputs.change(plans.inputs, []);
    const gathered = Promise.all(inputs.running.map((input) => input.gather()));
    const service = inputs.running.some((input) => input.isService);
    if (service) await delay(clock, config.agent.window + WINDOW_GRACE_MS, signal);
    else await Promise.race([gathered, delay(clock, config.agent.window + WINDOW_GRACE_MS, signal)]);
  });
  const written = outputs.running;
  const [ran, processed] = [inputs.running, processors.running];
  await inputs.close(config.agent.shutdown_timeout);
  await processors.close(config.agent.shutdown_timeout);
  await outputs.close(config.agent.shutdown_timeout);
  if (!run.ok) throw run.error;
  return {
    errors: [...ran, ...processed].reduce((sum, { stats }) => sum + stats.errors, 0),
    unsent: written.reduce((sum, { stats }) => sum + stats.metricsRejected + stats.metricsDropped, 0),
  };
}
