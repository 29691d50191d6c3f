/**
 * Where others reach this host. Reflectors announce what they listen on, and `0.0.0.0` is nobody's address: what is
 * registered in its place is what the operator says, or the address this host talks to the controller from. Pure.
 */

import { BlockList, isIPv4 } from 'node:net';
import { MAX_ENDPOINTS } from '../../../core/control/registration.js';
import { canonicalAddress, isUnspecified } from '../../../core/pinglist/address.js';
import type { Endpoint } from '../../../core/target.js';

/** Of this host, canonical. */
export interface Addresses {
  readonly ipv4: string;
  readonly ipv6: string;
}

export interface ResolvedEndpoints {
  readonly endpoints: readonly Endpoint[];
  /** Announced, but not reachable from other hosts, or one too many. */
  readonly leftOut: readonly Endpoint[];
}

/** Reached from this host, or from this link, only: as the address of a connection they say nothing to others. */
const LOCAL = new BlockList();
LOCAL.addSubnet('127.0.0.0', 8, 'ipv4');
LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LOCAL.addAddress('::1', 'ipv6');
LOCAL.addSubnet('fe80::', 10, 'ipv6');

/** Wildcard listens get the address of their family; other addresses stay, whatever they are: somebody chose them. */
export function resolveEndpoints(announced: readonly Endpoint[], addresses: Partial<Addresses>): ResolvedEndpoints {
  const endpoints: Endpoint[] = [];
  const leftOut: Endpoint[] = [];
  for (const endpoint of announced) {
    const address = reachable(endpoint.address, addresses);
    if (address === undefined || endpoints.length === MAX_ENDPOINTS) leftOut.push(endpoint);
    else endpoints.push({ ...endpoint, address });
  }
  return { endpoints, leftOut };
}

/** The address of a connection as one of its family; nothing when other hosts could not use it. */
export function connectionAddress(localAddress: string | undefined): Partial<Addresses> {
  const address = canonicalAddress(localAddress ?? '');
  if (address === undefined || address.includes('%') || isUnspecified(address)) return {};
  if (isIPv4(address)) return LOCAL.check(address, 'ipv4') ? {} : { ipv4: address };
  return LOCAL.check(address, 'ipv6') ? {} : { ipv6: address };
}

function reachable(announced: string, addresses: Partial<Addresses>): string | undefined {
  const address = canonicalAddress(announced);
  // A zone names an interface of this host.
  if (address === undefined || address.includes('%')) return undefined;
  if (!isUnspecified(address)) return address;
  return isIPv4(address) ? addresses.ipv4 : addresses.ipv6;
}
