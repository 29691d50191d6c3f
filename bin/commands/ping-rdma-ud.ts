/** `weft ping rdma-ud`: RDMA probes to one target by hand. */

import { isIP, isIPv4 } from 'node:net';
import { WeftError } from '../../core/errors.js';
import { canonicalAddress } from '../../core/pinglist/address.js';
import type { RdmaTarget } from '../../core/target.js';
import { DEFAULT_QKEY, DEFAULT_RECEIVE_SLOTS, type PortOptions } from '../../plugins/inputs/rdma-ud/config.js';
import { openPingPort, pingRdma } from '../../plugins/inputs/rdma-ud/ping.js';
import { type PortName, parsePortName } from '../../plugins/inputs/rdma-ud/ports.js';
import type { ExitCode } from '../exit-codes.js';
import { RDMA_FORMAT } from '../ping/rdma-format.js';
import { type RdmaEnd, registeredEnd } from '../ping/registered-end.js';
import { type PingOptions, reportPing } from '../ping/run.js';
import type { Signals } from '../signals.js';

export interface RdmaPingOptions extends PingOptions {
  /** A GID or an IPv4 address; with `controller`, the name of an agent. */
  readonly place: string;
  readonly qpn?: number;
  readonly lid: number;
  readonly controller?: string;
  readonly tokenFile?: string;
  readonly device?: string;
  readonly gidIndex?: number;
  readonly address?: string;
  readonly trafficClass: number;
  readonly serviceLevel: number;
  readonly qkey?: number;
  readonly pkeyIndex: number;
}

export async function ping(options: RdmaPingOptions, signals: Signals): Promise<ExitCode> {
  const { place, device, count } = options;
  const from = device === undefined ? undefined : portName(device);
  const portOptions = portOptionsOf(options);
  const end = await endOf(options);
  const target = targetOf(place, end, options);
  const engine = await openPingPort({ target, from, options: portOptions });
  const { gid, qpn, lid } = end;
  return reportPing(
    {
      endpoint: { host: place, address: gid, place: { qpn, ...(lid !== 0 && { lid }) } },
      format: RDMA_FORMAT,
      probe: (onReply, signal) => pingRdma(engine, { target, count }, onReply, signal),
    },
    options,
    signals,
  );
}

function portName(text: string): PortName {
  const name = parsePortName(text);
  if (name !== undefined) return name;
  throw usageError(
    `--device: expected a device such as mlx5_0 or a port such as mlx5_0:2, found ${JSON.stringify(text)}`,
  );
}

function portOptionsOf(options: RdmaPingOptions): PortOptions {
  const { gidIndex = -1, address = '', trafficClass, serviceLevel, qkey = DEFAULT_QKEY, pkeyIndex } = options;
  if (address !== '' && isIP(address) === 0) {
    throw usageError(`--address: expected an IPv4 or IPv6 address, found ${JSON.stringify(address)}`);
  }
  const chosen = { gidIndex, address, trafficClass, serviceLevel, qkey, pkeyIndex };
  const shape = { queuePairs: 0, receiveSlots: DEFAULT_RECEIVE_SLOTS, rateLimit: 0, busyPoll: false };
  return { ...chosen, ...shape, probe: true, reflect: false };
}

async function endOf({ place, qpn, lid, controller, tokenFile }: RdmaPingOptions): Promise<RdmaEnd> {
  if (controller !== undefined) return registeredEnd(controller, tokenFile, place);
  if (tokenFile !== undefined) throw usageError('--token-file: only with --controller URL, which is asked with it');
  if (qpn === undefined) {
    throw usageError(
      '--qpn NUMBER is missing: the log of the target’s agent has it ("RDMA port opened"), or give --controller URL',
    );
  }
  const isGid = canonicalAddress(place) !== undefined && !place.includes('%');
  if (!isGid)
    throw usageError(`expected a GID such as fe80::1 or the IPv4 address of one, found ${JSON.stringify(place)}`);
  return { gid: isIPv4(place) ? `::ffff:${place}` : place.toLowerCase(), qpn, lid };
}

/** It is on no pinglist, so nothing labels it. */
function targetOf(dst: string, end: RdmaEnd, { interval, timeout, paths }: RdmaPingOptions): RdmaTarget {
  const times = { intervalMs: interval, timeoutMs: timeout };
  const shape = { paths, firstPath: 0, payloadBytes: 0, dscp: 0, ttl: 255, mode: undefined, labels: {} };
  return { transport: 'rdma-ud', dst, ...end, device: undefined, ...times, ...shape };
}

function usageError(message: string): WeftError {
  return new WeftError('WEFT_USAGE', message);
}
