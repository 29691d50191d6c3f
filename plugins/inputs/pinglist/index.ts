import { definePlugin } from '../../../core/plugin.js';
import { PinglistOptions } from './config.js';
import { PinglistInput } from './pinglist.js';

export default definePlugin({
  kind: 'input',
  id: 'pinglist',
  description: 'Reads the list of targets from a file and follows its changes.',
  config: PinglistOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  create: (config, context) => new PinglistInput(config, context),
});
