/** One round of a configuration: what `weft test` and `weft once` share. */

import { systemClock } from '../core/clock.js';
import { createLogger } from '../core/log.js';
import type { Metric } from '../core/metric.js';
import { createBoard } from '../core/pinglist/board.js';
import { gatherOnce, type OnceResult } from '../core/pipeline/once.js';
import { type ConfigSource, readAgentConfig } from './config.js';
import type { Signals } from './signals.js';
import { VERSION } from './version.js';

export interface Round {
  readonly writeOutputs: boolean;
  readonly onMetric?: (metric: Metric) => void;
}

/** SIGINT and SIGTERM end the window early; what was gathered until then counts. Throws ConfigError, StartupError. */
export async function gather(source: ConfigSource, signals: Signals, round: Round): Promise<OnceResult> {
  signals.onHangUp(() => signals.requestStop('SIGHUP'));
  const config = await readAgentConfig(source);
  // People look at the result; of the log only what went wrong is of interest.
  const level = config.agent.log_level === 'info' ? 'warn' : config.agent.log_level;
  const log = await createLogger({ level, format: config.agent.log_format });
  const board = createBoard({ log, maxRate: config.agent.max_rate });
  return gatherOnce({ config, log, clock: systemClock, version: VERSION, board, signal: signals.stop, ...round });
}
