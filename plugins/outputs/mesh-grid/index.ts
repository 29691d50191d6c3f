import { definePlugin } from '../../../core/plugin.js';
import { MeshGridOptions } from './config.js';
import { meshGridOutput } from './mesh-grid.js';

export default definePlugin({
  kind: 'output',
  id: 'mesh-grid',
  description:
    'Serves the last windows of the mesh as a grid: source × destination, at the level of hosts, ToRs, pods and DCs.',
  config: MeshGridOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  create: meshGridOutput,
});
