/** The output in its mode: `url` pushes what this process sees as rows, `listen` serves it as a grid. */

import { ConfigError } from '../../../core/errors.js';
import type { Output, PluginContext } from '../../../core/plugin.js';
import type { MeshGridConfig } from './config.js';
import { GridServer } from './grid-server.js';
import { PushOutput } from './push-output.js';

/** Throws ConfigError. Options of the other mode are found by the schema, which sees what was written. */
export function meshGridOutput(config: MeshGridConfig, context: PluginContext): Output {
  const { url, listen } = config;
  if (url !== undefined && listen !== undefined)
    throw new ConfigError('url and listen exclude each other: make two outputs, one to push and one to serve');
  if (url !== undefined) return new PushOutput({ ...config, url }, context);
  if (listen === undefined)
    throw new ConfigError(
      'set url to push rows to a mesh-listener, or listen to serve the grid of what this agent sees',
    );
  return new GridServer({ ...config, listen }, context);
}
