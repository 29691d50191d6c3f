/** `weft controller`: the control plane, and the inputs and outputs of its file in the same process. */

import { readConfig } from '../config.js';
import { controllerConfig, createController } from '../controller.js';
import { type DaemonOptions, runDaemon } from '../daemon.js';
import type { ExitCode } from '../exit-codes.js';
import type { Signals } from '../signals.js';

export function controller(options: DaemonOptions, signals: Signals): Promise<ExitCode> {
  return runDaemon(options, signals, {
    load: async () => {
      const config = await readConfig(options);
      controllerConfig(config);
      return config;
    },
    companion: async (config, log) => {
      const running = await createController(config, log.child({ part: 'controller' }));
      return {
        start: (signal) => running.start(signal),
        reload: (next) => running.reload(controllerConfig(next)),
        stop: () => running.stop(),
      };
    },
  });
}
