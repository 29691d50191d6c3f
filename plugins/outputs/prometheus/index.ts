import { definePlugin } from '../../../core/plugin.js';
import { PrometheusOptions } from './config.js';
import { PrometheusOutput } from './prometheus.js';

export default definePlugin({
  kind: 'output',
  id: 'prometheus',
  description: 'Serves metrics to Prometheus: text with classic histograms, protobuf with native ones.',
  config: PrometheusOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  create: (config, context) => new PrometheusOutput(config, context),
});
