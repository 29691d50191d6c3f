/** Every plugin that comes with weft. The one place that knows them all. */

import type { PluginDefinition } from '../core/plugin.js';
import { inputPlugins } from '../plugins/inputs/index.js';
import { outputPlugins } from '../plugins/outputs/index.js';

export const builtinPlugins: readonly PluginDefinition[] = [...inputPlugins, ...outputPlugins];
