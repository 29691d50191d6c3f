/** The output in its mode: `url` pushes what this process sees as rows, `listen` serves it as a grid. */

import { ConfigError } from '../../../core/errors.js';
import type { Output, PluginContext } from '../../../core/plugin.js';
import type { MeshGridConfig } from './config.js';
import { GridServer } from './grid-server.js';
import { PushOutput } from './push-output.js';

/** Options of the other mode that would do nothing; those with a default do not tell whether they were written. */
const PUSH_ONLY = ['token', 'tls_ca'] as const;
const SERVE_ONLY = ['tls_client_ca', 'store'] as const;

/** Throws ConfigError on options that need or exclude each other. */
export function meshGridOutput(config: MeshGridConfig, context: PluginContext): Output {
  const { url, listen } = config;
  if (url !== undefined && listen !== undefined)
    throw new ConfigError('url and listen exclude each other: make two outputs, one to push and one to serve');
  if (url !== undefined) {
    refuse(config, SERVE_ONLY, 'listen');
    return new PushOutput({ ...config, url }, context);
  }
  if (listen === undefined)
    throw new ConfigError(
      'set url to push rows to a mesh-listener, or listen to serve the grid of what this agent sees',
    );
  refuse(config, PUSH_ONLY, 'url');
  return new GridServer({ ...config, listen }, context);
}

function refuse(config: MeshGridConfig, options: readonly (keyof MeshGridConfig)[], mode: 'url' | 'listen'): void {
  const wrong = options.find((option) => config[option] !== undefined);
  if (wrong !== undefined) throw new ConfigError(`${wrong} goes with ${mode}, which is not set: remove it`);
}
