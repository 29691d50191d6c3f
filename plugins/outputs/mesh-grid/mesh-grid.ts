/** The output in its mode: `listen` serves the grid of what this process sees. */

import type { Output, PluginContext } from '../../../core/plugin.js';
import type { ServeConfig } from './config.js';
import { GridServer } from './grid-server.js';

/** Throws ConfigError on options that need or exclude each other. */
export function meshGridOutput(config: ServeConfig, context: PluginContext): Output {
  return new GridServer(config, context);
}
