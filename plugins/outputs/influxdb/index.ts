import { definePlugin } from '../../../core/plugin.js';
import { InfluxdbOptions } from './config.js';

export default definePlugin({
  kind: 'output',
  id: 'influxdb',
  description: 'Writes metrics to InfluxDB 1.x, 2.x and 3; points that it cannot hold are rejected one by one.',
  config: InfluxdbOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  batchSize: () => 5000,
  load: async () => {
    const { InfluxdbOutput } = await import('./influxdb.js');
    return (config, context) => new InfluxdbOutput(config, context);
  },
});
