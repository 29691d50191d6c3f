import { definePlugin } from '../../../core/plugin.js';
import { RdmaUdOptions } from './config.js';
import { RdmaUdInput } from './rdma-ud.js';

export default definePlugin({
  kind: 'input',
  id: 'rdma-ud',
  description: 'Probes the RDMA targets of the pinglist over UD queue pairs and answers the probes of others.',
  config: RdmaUdOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  create: (config, context) => new RdmaUdInput(config, context),
});
