/** One round of everything, then the end: what `weft test` and `weft once` do. */

import { delay } from '../clock.js';
import type { Config } from '../config/types.js';
import type { Metric } from '../metric.js';
import { within } from './calls.js';
import { Pipeline } from './pipeline.js';
import type { Environment } from './wiring.js';

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
  /** Metrics that an output did not take: rejected, dropped because it could not be written to, or left in its disk buffer. */
  readonly unsent: number;
}

/** A window is whole when its last probe has been answered or has timed out. */
const WINDOW_GRACE_MS = 2000;

/**
 * Starts everything, gathers each input once, waits for one window if an input works by itself, and stops. Throws
 * ConfigError or StartupError like Agent.start.
 */
export async function gatherOnce(options: OnceOptions): Promise<OnceResult> {
  const { config, clock, signal, writeOutputs } = options;
  const timeoutMs = config.agent.shutdown_timeout;
  const pipeline = new Pipeline({ ...options, stopTimeoutMs: () => timeoutMs });
  await pipeline.apply(writeOutputs ? config : { ...config, outputs: [] });
  const { inputs, processors, outputs } = pipeline;

  const windowMs = config.agent.window + WINDOW_GRACE_MS;
  const gathered = Promise.all(inputs.map((input) => input.gather()));
  if (inputs.some((input) => input.isService)) await delay(clock, windowMs, signal);
  else await within(clock, gathered, windowMs, signal);

  await pipeline.close(timeoutMs);
  return {
    errors: [...inputs, ...processors].reduce((sum, { stats }) => sum + stats.errors, 0),
    unsent: outputs.reduce(
      (sum, { stats }) => sum + stats.metricsRejected + stats.metricsDropped + stats.bufferSize,
      0,
    ),
  };
}
