import { definePlugin } from '../../../core/plugin.js';
import { UdpOptions } from './config.js';
import { UdpInput } from './udp.js';

export default definePlugin({
  kind: 'input',
  id: 'udp',
  description: 'Probes the UDP targets of the pinglist with STAMP and answers the probes of others.',
  config: UdpOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  create: (config, context) => new UdpInput(config, context),
});
