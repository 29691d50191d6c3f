/** `weft run`: the agent until it is told to stop. */

import { readAgentConfig } from '../config.js';
import { type DaemonOptions, runDaemon } from '../daemon.js';
import type { ExitCode } from '../exit-codes.js';
import type { Signals } from '../signals.js';

export function run(options: DaemonOptions, signals: Signals): Promise<ExitCode> {
  return runDaemon(options, signals, { load: () => readAgentConfig(options) });
}
