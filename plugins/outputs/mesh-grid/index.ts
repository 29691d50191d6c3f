import { definePlugin } from '../../../core/plugin.js';
import { MeshGridOptions } from './config.js';

/**
 * A served grid stores metric by metric: a larger batch saves nothing, and what waits for its end is copied by the garbage
 * collector, at 30 000 metrics a second for 20 to 50 ms at a time instead of 5 to 10.
 */
const SERVED_BATCH = 250;

export default definePlugin({
  kind: 'output',
  id: 'mesh-grid',
  description:
    'Pushes the rows of this host to a mesh-listener, or serves the last windows of the mesh as a grid, from hosts up to DCs.',
  config: MeshGridOptions,
  sample: new URL('./sample.yaml', import.meta.url),
  batchSize: ({ listen }) => (listen === undefined ? undefined : SERVED_BATCH),
  load: async () => (await import('./mesh-grid.js')).meshGridOutput,
});
