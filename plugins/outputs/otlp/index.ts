import { definePlugin } from '../../../core/plugin.js';
import { OtlpOptions } from './config.js';

export default definePlugin({
  kind: 'output',
  id: 'otlp',
  description: 'Sends metrics over OTLP (HTTP or gRPC): distributions as exponential histograms, without loss.',
  config: OtlpOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => {
    const { OtlpOutput } = await import('./otlp.js');
    return (config, context) => new OtlpOutput(config, context);
  },
});
