import { definePlugin } from '../../../core/plugin.js';
import { PrometheusOptions } from './config.js';

export default definePlugin({
  kind: 'output',
  id: 'prometheus',
  description: 'Serves metrics to Prometheus: text with classic histograms, protobuf with native ones.',
  config: PrometheusOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => {
    const { PrometheusOutput } = await import('./prometheus.js');
    return (config, context) => new PrometheusOutput(config, context);
  },
});
