/** Options of inputs.rdma-ud, and what they are to an engine. Does no I/O; throws ConfigError. */

import { isIP } from 'node:net';
import { STRICT, type Static, Type } from '../../../core/config/schema.js';
import { ConfigError } from '../../../core/errors.js';
import type { RdmaEngineOptions } from '../../../native/index.js';
import { type PortName, parsePortName } from './ports.js';

/** The letters "weft": no other program's datagrams get in by chance. */
export const DEFAULT_QKEY = 0x77_65_66_74;
export const DEFAULT_RECEIVE_SLOTS = 2048;
/** Those with the top bit are privileged. */
const MAX_QKEY = 0x7f_ff_ff_ff;

export const RdmaUdOptions = Type.Object(
  {
    devices: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Devices such as `mlx5_0`, or single ports of them (`mlx5_0:2`); empty: all. Of a device, its active ports.',
    }),
    gid_index: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 65_535,
        description:
          'Index of the GID to use on every port (`weft devices` lists them); default: the one that suits best.',
      }),
    ),
    address: Type.String({
      default: '',
      description: 'Use the port’s GID of this IPv4 or IPv6 address; empty: any. Ports without it are left out.',
    }),
    traffic_class: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 255,
      description:
        'Traffic class (DSCP × 4 + ECN) of probes whose target names no `dscp`; an answer has its probe’s DSCP.',
    }),
    service_level: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 15,
      description: 'Service level of probes; an answer has that of its probe.',
    }),
    qkey: Type.Integer({
      default: DEFAULT_QKEY,
      minimum: 0,
      maximum: MAX_QKEY,
      description: 'Queue key of all queue pairs; has to be the same on all agents.',
    }),
    pkey_index: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 65_535,
      description: 'Index of the partition key to use on every port.',
    }),
    queue_pairs: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 64,
      description:
        'Queue pairs that probes of a port are sent from; 0: one, or eight where the driver ignores flow labels.',
    }),
    receive_slots: Type.Integer({
      default: DEFAULT_RECEIVE_SLOTS,
      minimum: 256,
      maximum: 16_384,
      description:
        'Receive buffers of the prober and of the reflector each: what may arrive while the agent does not run.',
    }),
    busy_poll: Type.Boolean({
      default: false,
      description: 'Poll for completions without sleeping: takes a core for each port.',
    }),
    probe: Type.Boolean({ default: true, description: 'Probe the targets of the pinglist; `false`: only answer.' }),
    reflect: Type.Boolean({ default: true, description: 'Answer the probes of others; `false`: only probe.' }),
    rate_limit: Type.Integer({
      default: 1000,
      minimum: 0,
      description: 'Probes a second answered to one GID, with a burst of as many; 0: no limit.',
    }),
    per_path: Type.Boolean({
      default: false,
      description: 'One series for each path (tag `path`) instead of one for each target.',
    }),
  },
  STRICT,
);
export type RdmaUdConfig = Static<typeof RdmaUdOptions>;

/** What an engine is told beside its port. */
export type PortOptions = Omit<RdmaEngineOptions, 'device' | 'port'>;

export function portOptions(config: RdmaUdConfig): PortOptions {
  const { address, gid_index: gidIndex } = config;
  if (address !== '' && isIP(address) === 0) {
    throw new ConfigError(`address: expected an IPv4 or IPv6 address, found "${address}"`);
  }
  if (address !== '' && gidIndex !== undefined) {
    throw new ConfigError('gid_index: expected either gid_index or address, found both: each chooses the GID');
  }
  if (!config.probe && !config.reflect) {
    throw new ConfigError('probe, reflect: expected at least one of them to be true: else there is nothing to do');
  }
  return {
    gidIndex: gidIndex ?? -1,
    address,
    pkeyIndex: config.pkey_index,
    qkey: config.qkey,
    serviceLevel: config.service_level,
    trafficClass: config.traffic_class,
    queuePairs: config.queue_pairs,
    receiveSlots: config.receive_slots,
    rateLimit: config.rate_limit,
    busyPoll: config.busy_poll,
    probe: config.probe,
    reflect: config.reflect,
  };
}

export function portNames({ devices }: RdmaUdConfig): PortName[] {
  return devices.map((text) => {
    const name = parsePortName(text);
    if (name !== undefined) return name;
    throw new ConfigError(`devices: expected a device such as mlx5_0 or a port such as mlx5_0:2, found "${text}"`);
  });
}
