import { definePlugin } from '../../../core/plugin.js';
import { UdpOptions } from './config.js';

export default definePlugin({
  kind: 'input',
  id: 'udp',
  description: 'Probes the UDP targets of the pinglist with STAMP and answers the probes of others.',
  config: UdpOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => {
    const { UdpInput } = await import('./udp.js');
    return (config, context) => new UdpInput(config, context);
  },
});
