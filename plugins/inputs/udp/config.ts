/** Options of inputs.udp. */

import { STRICT, type Static, Type } from '../../../core/config/schema.js';

export const UdpOptions = Type.Object(
  {
    listen: Type.Union([Type.String(), Type.Array(Type.String())], {
      default: '0.0.0.0:862',
      description: 'Where the reflector answers: `address:port`, `[address]:port`, or a list of them; `[]`: nowhere.',
    }),
    probe: Type.Boolean({ default: true, description: 'Probe the targets of the pinglist; `false`: only answer.' }),
    source_address: Type.String({
      default: '',
      description: 'IPv4 address that probes are sent from; empty: the kernel chooses.',
    }),
    source_address_ipv6: Type.String({
      default: '',
      description: 'IPv6 address that probes are sent from; empty: the kernel chooses.',
    }),
    per_path: Type.Boolean({
      default: false,
      description: 'One series for each path (tag `path`) instead of one for each target.',
    }),
    timestamps: Type.Union([Type.Literal('auto'), Type.Literal('user')], {
      default: 'auto',
      description: '`auto`: by the NIC or the kernel, else the program; `user`: the program’s clock only.',
    }),
    key: Type.String({
      default: '',
      description:
        'Shared secret; when set, STAMP runs in authenticated mode on both ends. Keep it in the environment.',
    }),
    allowed_prefixes: Type.Array(Type.String(), {
      default: [],
      description: 'CIDR prefixes whose probes are answered; empty: all.',
    }),
    rate_limit: Type.Integer({
      default: 1000,
      minimum: 0,
      description: 'Probes a second answered to one source address, with a burst of as many; 0: no limit.',
    }),
  },
  STRICT,
);
export type UdpConfig = Static<typeof UdpOptions>;
