/** The policy inter-dc: a few hosts of each DC probe those of every other DC. */

import type { Host } from './host.js';
import { HostsByTor } from './hosts-by-tor.js';
import { type Pairing, type Visitor, visitAll } from './pairing.js';
import { insertSorted, removeSorted } from './sorted.js';

const hashOrder = ({ hash, id }: Host): string => `${hash.toString(16).padStart(8, '0')} ${id}`;
const nameOf = ({ name }: Dc): string => name;

/** Chosen are the hosts with the smallest hashes: any of them, evenly spread, and the same ones for everybody. */
class Dc {
  readonly name: string;
  readonly #seats: number;
  readonly #hosts: Host[] = [];
  #chosen: HostsByTor | undefined;

  constructor(name: string, seats: number) {
    this.name = name;
    this.#seats = seats;
  }

  get isEmpty(): boolean {
    return this.#hosts.length === 0;
  }

  get chosen(): HostsByTor {
    if (this.#chosen === undefined) {
      this.#chosen = new HostsByTor();
      for (const host of this.#hosts.slice(0, this.#seats)) this.#chosen.add(host);
    }
    return this.#chosen;
  }

  add(host: Host): void {
    insertSorted(this.#hosts, host, hashOrder);
    this.#chosen = undefined;
  }

  delete(host: Host): void {
    removeSorted(this.#hosts, host, hashOrder);
    this.#chosen = undefined;
  }
}

export class InterDcPairing implements Pairing {
  readonly #perDc: number;
  readonly #byName = new Map<string, Dc>();
  readonly #dcs: Dc[] = [];

  constructor(perDc: number) {
    this.#perDc = perDc;
  }

  add(host: Host): void {
    if (host.dc === '') return;
    let dc = this.#byName.get(host.dc);
    if (dc === undefined) {
      dc = new Dc(host.dc, this.#perDc);
      this.#byName.set(dc.name, dc);
      insertSorted(this.#dcs, dc, nameOf);
    }
    dc.add(host);
  }

  delete(host: Host): void {
    const dc = this.#byName.get(host.dc);
    if (dc === undefined) return;
    dc.delete(host);
    if (!dc.isEmpty) return;
    this.#byName.delete(dc.name);
    removeSorted(this.#dcs, dc, nameOf);
  }

  visit(source: Host, visitor: Visitor): void {
    const own = this.#byName.get(source.dc);
    if (own === undefined) return;
    for (const dc of this.#dcs) if (dc !== own) visitAll(source, own.chosen, dc.chosen, visitor);
  }
}
