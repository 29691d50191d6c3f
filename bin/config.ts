/** The configuration that a command was pointed at. */

import { controllerSection } from '../controller/config.js';
import type { SectionDefinition } from '../core/config/further-section.js';
import { loadConfig } from '../core/config/load.js';
import { locateConfigError } from '../core/config/locate.js';
import type { Config } from '../core/config/types.js';
import { ConfigError } from '../core/errors.js';
import { builtinPlugins } from './plugins.js';

/** The options of every command that takes a configuration. */
export interface ConfigSource {
  readonly config: string;
  readonly configDirectory?: string;
}

/** Sections of the file beyond the agent's own. */
export const FURTHER_SECTIONS: readonly SectionDefinition[] = [controllerSection];

/** Throws ConfigError with every mistake. */
export function readConfig(source: ConfigSource): Promise<Config> {
  return loadConfig({
    file: source.config,
    directory: source.configDirectory,
    registry: { definitions: builtinPlugins },
    sections: FURTHER_SECTIONS,
  });
}

/** For commands that run the agent alone: throws ConfigError for a file that is the controller's, too. */
export async function readAgentConfig(source: ConfigSource): Promise<Config> {
  const config = await readConfig(source);
  const section = config.sections[controllerSection.name];
  if (section === undefined) return config;
  const message = `this section is for another command: run the file with \`weft controller -c ${source.config}\`, which runs its inputs and outputs too`;
  throw locateConfigError(section, new ConfigError(message));
}
