import { definePlugin } from '../../../core/plugin.js';
import { ControllerOptions } from './config.js';
import { ControllerInput } from './controller.js';

export default definePlugin({
  kind: 'input',
  id: 'controller',
  description: 'Registers this agent with a controller and probes the pinglist it hands out.',
  config: ControllerOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  create: (config, context) => new ControllerInput(config, context),
});
