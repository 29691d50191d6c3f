/** A fleet that is not there: hosts in a Clos network, to see what policies would give them. */

import type { Endpoint, Transport } from '../../target.js';
import type { Member } from './member.js';

export interface ClosOptions {
  readonly hosts: number;
  /** 40 by default; the last ToR gets what is left. */
  readonly hostsPerTor?: number;
  /** ToRs of a pod; 20 by default. */
  readonly torsPerPod?: number;
  /** The ToRs are dealt out to that many DCs evenly, pods do not span them; 1 by default. */
  readonly dcs?: number;
  /** Where each host answers; UDP by default. */
  readonly transports?: readonly Transport[];
}

const UDP_PORT = 862;
const TCP_PORT = 8620;
/** 10.0.0.0/8 without its first address. */
const MAX_HOSTS = 2 ** 24 - 1;

/** In the order of their ids. Labels `dc`, `pod` and `tor`; pods and ToRs are numbered within what holds them. */
export function closFleet({
  hosts,
  hostsPerTor = 40,
  torsPerPod = 20,
  dcs = 1,
  transports = ['udp'],
}: ClosOptions): Member[] {
  if (hosts > MAX_HOSTS) throw new RangeError(`expected at most ${MAX_HOSTS} hosts, found ${hosts}`);
  const torsPerDc = Math.ceil(Math.ceil(hosts / hostsPerTor) / dcs);
  const digits = String(hosts).length;
  return Array.from({ length: hosts }, (_, index) => {
    const tor = Math.floor(index / hostsPerTor);
    const torOfDc = tor % torsPerDc;
    const labels = {
      dc: `d${Math.floor(tor / torsPerDc) + 1}`,
      pod: `p${Math.floor(torOfDc / torsPerPod) + 1}`,
      tor: `t${(torOfDc % torsPerPod) + 1}`,
    };
    const endpoints = transports.map((transport) => endpointOf(transport, index + 1));
    return { id: `host-${String(index + 1).padStart(digits, '0')}`, labels, endpoints };
  });
}

function endpointOf(transport: Transport, number: number): Endpoint {
  const address = `10.${number >>> 16}.${(number >>> 8) & 255}.${number & 255}`;
  switch (transport) {
    case 'udp':
      return { transport, address, port: UDP_PORT, attributes: {} };
    case 'tcp':
      return { transport, address, port: TCP_PORT, attributes: {} };
    case 'rdma-ud':
      return { transport, address, port: 0, attributes: { gid: `::ffff:${address}`, qpn: number } };
  }
}
