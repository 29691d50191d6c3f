import { definePlugin } from '../../../core/plugin.js';
import { PinglistOptions } from './config.js';

export default definePlugin({
  kind: 'input',
  id: 'pinglist',
  description: 'Reads the list of targets from a file and follows its changes.',
  config: PinglistOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => {
    const { PinglistInput } = await import('./pinglist.js');
    return (config, context) => new PinglistInput(config, context);
  },
});
