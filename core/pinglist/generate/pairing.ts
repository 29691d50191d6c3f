/**
 * Who probes whom under one policy: contract of the modes, and what they share. A pairing is an index that is kept up to
 * date host by host, so that the destinations of one source cost no more than their number.
 */

import type { Host } from './host.js';
import { type HostsByTor, rankOf } from './hosts-by-tor.js';

/**
 * Called once for each destination of a source, in an order that depends on the hosts only. `pairs` is the number of host
 * pairs that probe between the ToR of the source and that of the destination, and `position` the place of this one among
 * them; under one ToR, where there is one way only, `pairs` is 0.
 */
export type Visitor = (destination: Host, pairs: number, position: number) => void;

export interface Pairing {
  /** A host that is not there. */
  add(host: Host): void;
  /** The very host that was added. */
  delete(host: Host): void;
  /** Visits nothing when `source` does not probe. */
  visit(source: Host, visitor: Visitor): void;
}

/** Every source probes every destination but itself. */
export function visitAll(source: Host, sources: HostsByTor, destinations: HostsByTor, visitor: Visitor): void {
  const own = sources.torOf(source);
  const rank = own === undefined ? -1 : rankOf(own, source);
  if (own === undefined || rank < 0) return;
  for (const { key, hosts } of destinations.tors) {
    if (key === source.tor) {
      for (const host of hosts) if (host.id !== source.id) visitor(host, 0, 0);
      continue;
    }
    const pairs = own.hosts.length * hosts.length;
    let position = rank * hosts.length;
    for (const host of hosts) visitor(host, pairs, position++);
  }
}
