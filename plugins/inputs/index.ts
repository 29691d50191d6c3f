/** The inputs that come with weft, sorted by id. */

import type { PluginDefinition } from '../../core/plugin.js';
import controller from './controller/index.js';
import meshListener from './mesh-listener/index.js';
import pinglist from './pinglist/index.js';
import rdmaUd from './rdma-ud/index.js';
import tcp from './tcp/index.js';
import udp from './udp/index.js';

export const inputPlugins: readonly PluginDefinition[] = [controller, meshListener, pinglist, rdmaUd, tcp, udp];
