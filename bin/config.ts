/** The configuration that a command was pointed at. */

import { loadConfig } from '../core/config/load.js';
import type { Config } from '../core/config/types.js';
import { builtinPlugins } from './plugins.js';

/** The options of every command that takes a configuration. */
export interface ConfigSource {
  readonly config: string;
  readonly configDirectory?: string;
}

/** Throws ConfigError with every mistake. */
export function readConfig(source: ConfigSource): Promise<Config> {
  return loadConfig({
    file: source.config,
    directory: source.configDirectory,
    registry: { definitions: builtinPlugins },
  });
}
