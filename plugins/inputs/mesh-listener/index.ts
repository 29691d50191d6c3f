import { definePlugin } from '../../../core/plugin.js';
import { MeshListenerOptions } from './config.js';

export default definePlugin({
  kind: 'input',
  id: 'mesh-listener',
  description: 'Takes in the rows that other agents push, so that every output here sees the whole mesh.',
  config: MeshListenerOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => {
    const { MeshListenerInput } = await import('./mesh-listener.js');
    return (config, context) => new MeshListenerInput(config, context);
  },
});
