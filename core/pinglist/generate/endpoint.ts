/** From a registered endpoint to the part of a target that says where it is. */

import { BlockList } from 'node:net';
import type { Endpoint, Transport } from '../../target.js';
import { canonicalAddress, isUnspecified } from '../address.js';

/** The fields of a target that name its end, in the form of version 1. */
export interface TargetEnd {
  readonly transport: Transport;
  readonly fields: Readonly<Record<string, string | number>>;
  /** Of the packets on the wire. */
  readonly family: 4 | 6;
  /** Equal for two spellings of one end. */
  readonly key: string;
}

/** Addresses of many hosts: an agent must not make all others send to them. */
const MANY_HOSTS = new BlockList();
MANY_HOSTS.addSubnet('224.0.0.0', 4);
MANY_HOSTS.addAddress('255.255.255.255');
MANY_HOSTS.addSubnet('ff00::', 8, 'ipv6');

const MAX_PORT = 65_535;
const MAX_QPN = 0xff_ff_ff;
const MAX_LID = 0xbf_ff;

/**
 * The ends of a host, sorted, each once. What no prober could use is left out: agents take a list as a whole or not at
 * all, and one host's mistake must not cost the others theirs.
 */
export function targetEnds(endpoints: readonly Endpoint[]): TargetEnd[] {
  const ends = endpoints.flatMap((endpoint) => targetEnd(endpoint) ?? []);
  // By all of their fields, so that of two with one key the same one stays whatever the order they came in.
  ends.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  return [...new Map(ends.map((end) => [end.key, end])).values()];
}

function targetEnd({ transport, address, port, attributes }: Endpoint): TargetEnd | undefined {
  return transport === 'rdma-ud' ? rdmaEnd(attributes) : ipEnd(transport, address, port);
}

function ipEnd(transport: 'udp' | 'tcp', literal: string, port: number): TargetEnd | undefined {
  const address = unicastAddress(literal);
  if (address === undefined || !isWhole(port, 1, MAX_PORT)) return undefined;
  return { transport, fields: { address, port }, family: familyOf(address), key: `${transport} ${address} ${port}` };
}

/** The device of an endpoint is the reflector's own; which one to probe from is the prober's business. */
function rdmaEnd({ gid, qpn, lid = 0 }: Endpoint['attributes']): TargetEnd | undefined {
  const address = typeof gid === 'string' && gid.includes(':') ? unicastAddress(gid) : undefined;
  if (address === undefined || !isWhole(qpn, 1, MAX_QPN) || !isWhole(lid, 0, MAX_LID)) return undefined;
  const fields = { gid: String(gid).toLowerCase(), qpn, lid };
  return { transport: 'rdma-ud', fields, family: familyOf(address), key: `rdma-ud ${address} ${qpn}` };
}

/** Undefined for what is no address of one host. A zone means something on its own host only. */
function unicastAddress(literal: string): string | undefined {
  const address = literal.includes('%') ? undefined : canonicalAddress(literal);
  if (address === undefined || isUnspecified(address)) return undefined;
  return MANY_HOSTS.check(address, familyOf(address) === 6 ? 'ipv6' : 'ipv4') ? undefined : address;
}

function orderOf({ key, fields }: TargetEnd): string {
  return `${key} ${JSON.stringify(fields)}`;
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

function isWhole(value: unknown, minimum: number, maximum: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum;
}
