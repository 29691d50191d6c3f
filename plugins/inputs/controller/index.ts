import { definePlugin } from '../../../core/plugin.js';
import { ControllerOptions } from './config.js';

export default definePlugin({
  kind: 'input',
  id: 'controller',
  description: 'Registers this agent with a controller and probes the pinglist it hands out.',
  config: ControllerOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => {
    const { ControllerInput } = await import('./controller.js');
    return (config, context) => new ControllerInput(config, context);
  },
});
