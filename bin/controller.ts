/** The controller that a configuration describes. */

import { type ControllerConfig, controllerSection } from '../controller/config.js';
import { Controller } from '../controller/server.js';
import { systemClock } from '../core/clock.js';
import { sectionOf } from '../core/config/further-section.js';
import { locateConfigError } from '../core/config/locate.js';
import type { Config } from '../core/config/types.js';
import { ConfigError } from '../core/errors.js';
import type { Logger } from '../core/plugin.js';
import { VERSION } from './version.js';

/** Does no I/O. Throws ConfigError, with file and line. */
export async function createController(config: Config, log: Logger): Promise<Controller> {
  const section = controllerConfig(config);
  try {
    return await Controller.create(section, { clock: systemClock, log, version: VERSION });
  } catch (error) {
    throw error instanceof ConfigError ? locateConfigError(section, error) : error;
  }
}

/** Throws ConfigError when the configuration is no controller's. */
export function controllerConfig(config: Config): ControllerConfig {
  const section = sectionOf(config, controllerSection);
  if (section !== undefined) return section;
  const [file = ''] = config.files;
  throw new ConfigError(`${file}: there is no section "controller"; \`controller: {}\` is one with defaults`);
}
