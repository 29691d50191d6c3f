/** Options of inputs.tcp. */

import { STRICT, type Static, Type } from '../../../core/config/schema.js';
import { LOSS_OPTION } from '../../common/probing/faults.js';
import { listenOption, PROBER_OPTIONS, REFLECTOR_OPTIONS } from '../../common/probing/options.js';

/** Descriptors are what runs out first: no process has more. */
const MAX_CONNECTIONS = 1_000_000;

export const TcpOptions = Type.Object(
  {
    listen: listenOption('0.0.0.0:8620'),
    ...PROBER_OPTIONS,
    max_connections: Type.Integer({
      default: 10_000,
      minimum: 1,
      maximum: MAX_CONNECTIONS,
      description: 'Probes under way at most; at most three quarters of the process’s file descriptors in any case.',
    }),
    ...REFLECTOR_OPTIONS,
    rate_limit: Type.Integer({
      default: 1000,
      minimum: 0,
      description: 'Connections a second kept from one source address, with a burst of as many; 0: no limit.',
    }),
    max_accepted: Type.Integer({
      default: 4096,
      minimum: 1,
      maximum: MAX_CONNECTIONS,
      description: 'Connections the reflector holds at most; one more takes the place of the oldest.',
    }),
    ...LOSS_OPTION,
  },
  STRICT,
);
export type TcpConfig = Static<typeof TcpOptions>;
