import { definePlugin } from '../../../core/plugin.js';
import { RedisOptions } from './config.js';

export default definePlugin({
  kind: 'output',
  id: 'redis',
  description: 'Keeps the latest window of each pair in Redis or Valkey, and streams of all windows.',
  config: RedisOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => {
    const { RedisOutput } = await import('./redis.js');
    return (config, context) => new RedisOutput(config, context);
  },
});
