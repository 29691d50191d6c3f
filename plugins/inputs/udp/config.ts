/** Options of inputs.udp. */

import { STRICT, type Static, Type } from '../../../core/config/schema.js';
import { DELAY_OPTIONS, LOSS_OPTION } from '../../common/probing/faults.js';
import { listenOption, PROBER_OPTIONS, REFLECTOR_OPTIONS } from '../../common/probing/options.js';

export const UdpOptions = Type.Object(
  {
    listen: listenOption('0.0.0.0:862'),
    ...PROBER_OPTIONS,
    timestamps: Type.Union([Type.Literal('auto'), Type.Literal('user')], {
      default: 'auto',
      description: '`auto`: by the NIC or the kernel, else the program; `user`: the program’s clock only.',
    }),
    key: Type.String({
      default: '',
      description:
        'Shared secret; when set, STAMP runs in authenticated mode on both ends. Keep it in the environment.',
    }),
    ...REFLECTOR_OPTIONS,
    rate_limit: Type.Integer({
      default: 1000,
      minimum: 0,
      description: 'Probes a second answered to one source address, with a burst of as many; 0: no limit.',
    }),
    ...LOSS_OPTION,
    ...DELAY_OPTIONS,
  },
  STRICT,
);
export type UdpConfig = Static<typeof UdpOptions>;
