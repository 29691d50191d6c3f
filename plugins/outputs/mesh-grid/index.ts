import { definePlugin } from '../../../core/plugin.js';
import { MeshGridOptions } from './config.js';

export default definePlugin({
  kind: 'output',
  id: 'mesh-grid',
  description:
    'Pushes the rows of this host to a mesh-listener, or serves the last windows of the mesh as a grid, from hosts up to DCs.',
  config: MeshGridOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  load: async () => (await import('./mesh-grid.js')).meshGridOutput,
});
