/**
 * The policy inter-tor: the ToRs of a DC are a complete graph, and all hosts take part (Pingmesh, SIGCOMM 2015). For
 * each ordered pair of ToRs host i of one probes host i mod n of the other.
 */

import type { Host } from './host.js';
import { HostsByTor, rankOf, torIndex } from './hosts-by-tor.js';
import type { Pairing, Visitor } from './pairing.js';

export class InterTorPairing implements Pairing {
  readonly #sample: number;
  readonly #dcs = new Map<string, HostsByTor>();

  /** `sample`: other ToRs that each host probes; Infinity = all. */
  constructor(sample: number) {
    this.#sample = sample;
  }

  add(host: Host): void {
    if (!host.hasTor) return;
    const hosts = this.#dcs.get(host.dc) ?? new HostsByTor();
    this.#dcs.set(host.dc, hosts);
    hosts.add(host);
  }

  delete(host: Host): void {
    const hosts = this.#dcs.get(host.dc);
    if (!host.hasTor || hosts === undefined) return;
    hosts.delete(host);
    if (hosts.isEmpty) this.#dcs.delete(host.dc);
  }

  /**
   * The others of the T ToRs are numbered by their distance, starting behind the own. With a sample of k, host i takes
   * those at i·k … i·k + k − 1 modulo T − 1: walking over the hosts goes round all others, one after the other.
   */
  visit(source: Host, visitor: Visitor): void {
    const hosts = source.hasTor ? this.#dcs.get(source.dc) : undefined;
    const own = hosts?.torOf(source);
    const rank = own === undefined ? -1 : rankOf(own, source);
    if (hosts === undefined || own === undefined || rank < 0) return;
    const { tors } = hosts;
    const others = tors.length - 1;
    const at = torIndex(tors, own);
    const size = own.hosts.length;
    const sample = Math.min(others, Math.max(this.#sample, Math.ceil(others / size)));
    // The hosts together go round the others so many times, and a part of one more time.
    const rounds = Math.floor((size * sample) / others);
    const rest = (size * sample) % others;
    let round = Math.floor((rank * sample) / others);
    let offset = (rank * sample) % others;
    for (let i = 0; i < sample; i++) {
      const tor = tors[at + 1 + offset] ?? tors[at + 1 + offset - tors.length];
      const destination = tor?.hosts[rank % tor.hosts.length];
      if (destination !== undefined) visitor(destination, offset < rest ? rounds + 1 : rounds, round);
      if (++offset === others) {
        offset = 0;
        round++;
      }
    }
  }
}
