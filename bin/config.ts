/** The configuration that a command was pointed at. */

import type { SectionDefinition } from '../core/config/further-section.js';
import { loadConfig } from '../core/config/load.js';
import { locateConfigError } from '../core/config/locate.js';
import { Type } from '../core/config/schema.js';
import type { Config } from '../core/config/types.js';
import { ConfigError } from '../core/errors.js';
import { builtinPlugins } from './plugins.js';

/** The options of every command that takes a configuration. */
export interface ConfigSource {
  readonly config: string;
  readonly configDirectory?: string;
}

/** Sections of the file beyond the agent's own. Loaded when asked for: what they are made of is no agent's business. */
export async function furtherSections(): Promise<readonly SectionDefinition[]> {
  return [(await import('../controller/config.js')).controllerSection];
}

/** The section of another command, known by its name: whatever is in it, the agent does not run the file. */
const CONTROLLER: SectionDefinition = {
  name: 'controller',
  description: 'The control plane.',
  schema: Type.Object({}),
};

/** Throws ConfigError with every mistake. */
export async function readConfig(source: ConfigSource): Promise<Config> {
  return read(source, await furtherSections());
}

/** For commands that run the agent alone: throws ConfigError for a file that is the controller's, too. */
export async function readAgentConfig(source: ConfigSource): Promise<Config> {
  const config = await read(source, [CONTROLLER]);
  const section = config.sections[CONTROLLER.name];
  if (section === undefined) return config;
  const message = `this section is for another command: run the file with \`weft controller -c ${source.config}\`, which runs its inputs and outputs too`;
  throw locateConfigError(section, new ConfigError(message));
}

function read(source: ConfigSource, sections: readonly SectionDefinition[]): Promise<Config> {
  return loadConfig({
    file: source.config,
    directory: source.configDirectory,
    registry: { definitions: builtinPlugins },
    sections,
  });
}
