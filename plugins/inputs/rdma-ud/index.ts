import { definePlugin } from '../../../core/plugin.js';
import { RdmaUdOptions } from './config.js';

export default definePlugin({
  kind: 'input',
  id: 'rdma-ud',
  description: 'Probes the RDMA targets of the pinglist over UD queue pairs and answers the probes of others.',
  config: RdmaUdOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => {
    const { RdmaUdInput } = await import('./rdma-ud.js');
    return (config, context) => new RdmaUdInput(config, context);
  },
});
