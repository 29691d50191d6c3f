import { definePlugin } from '../../../core/plugin.js';
import { FileOptions } from './config.js';
import { FileOutput } from './file.js';

export default definePlugin({
  kind: 'output',
  id: 'file',
  description: 'Appends metrics to a rotated file or prints them: JSON, InfluxDB line protocol or PingWeave CSV.',
  config: FileOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  create: (config, context) => new FileOutput(config, context),
});
