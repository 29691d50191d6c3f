import { definePlugin } from '../../../core/plugin.js';
import { TcpOptions } from './config.js';

export default definePlugin({
  kind: 'input',
  id: 'tcp',
  description: 'Probes the TCP targets of the pinglist by connecting to them and answers the probes of others.',
  config: TcpOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => {
    const { TcpInput } = await import('./tcp.js');
    return (config, context) => new TcpInput(config, context);
  },
});
