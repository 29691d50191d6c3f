/** The outputs that come with weft, sorted by id. */

import type { PluginDefinition } from '../../core/plugin.js';
import file from './file/index.js';
import influxdb from './influxdb/index.js';
import meshGrid from './mesh-grid/index.js';
import otlp from './otlp/index.js';
import prometheus from './prometheus/index.js';
import redis from './redis/index.js';

export const outputPlugins: readonly PluginDefinition[] = [file, influxdb, meshGrid, otlp, prometheus, redis];
