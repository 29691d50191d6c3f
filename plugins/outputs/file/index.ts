import { definePlugin } from '../../../core/plugin.js';
import { FileOptions } from './config.js';

export default definePlugin({
  kind: 'output',
  id: 'file',
  description: 'Appends metrics to a rotated file or prints them: JSON, InfluxDB line protocol or PingWeave CSV.',
  config: FileOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => {
    const { FileOutput } = await import('./file.js');
    return (config, context) => new FileOutput(config, context);
  },
});
