import { definePlugin } from '../../../core/plugin.js';
import { RedisOptions } from './config.js';
import { RedisOutput } from './redis.js';

export default definePlugin({
  kind: 'output',
  id: 'redis',
  description: 'Keeps the latest window of each pair in Redis or Valkey, and streams of all windows.',
  config: RedisOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  create: (config, context) => new RedisOutput(config, context),
});
