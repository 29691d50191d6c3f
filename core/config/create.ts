/** From instances to plugins: `create` with the plugin's own complaints placed in the file. */

import { ConfigError, type ConfigIssue, describeError } from '../errors.js';
import type { PluginContext } from '../plugin.js';
import { configError, locateConfigError } from './locate.js';
import type { Config, InputInstance, OutputInstance, ProcessorInstance } from './types.js';

export type AnyInstance = InputInstance | ProcessorInstance | OutputInstance;

interface Creatable<P> {
  readonly definition: { create(config: never, context: PluginContext): P };
  readonly config: never;
}

/** Throws ConfigError with file and line for what the plugin finds wrong in its options. */
export function createPlugin<P>(instance: Creatable<P>, context: PluginContext): P {
  try {
    return instance.definition.create(instance.config, context);
  } catch (error) {
    const wrapped = error instanceof ConfigError ? error : new ConfigError(describeError(error), [], { cause: error });
    throw locateConfigError(instance, wrapped);
  }
}

/**
 * Creates every plugin and starts none: what `weft check` does after loadConfig. Throws ConfigError with all complaints
 * of all plugins.
 */
export function checkPlugins(config: Config, contextFor: (instance: AnyInstance) => PluginContext): void {
  const issues: ConfigIssue[] = [];
  for (const instance of [...config.inputs, ...config.processors, ...config.outputs]) {
    try {
      createPlugin<unknown>(instance, contextFor(instance));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      issues.push(...error.issues);
    }
  }
  if (issues.length > 0) throw configError(issues);
}
