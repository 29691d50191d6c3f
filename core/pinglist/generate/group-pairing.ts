/** The policies mesh, tor-mesh and arrow: complete graphs between two sets of hosts. */

import type { Host } from './host.js';
import { HostsByTor } from './hosts-by-tor.js';
import { type Pairing, type Visitor, visitAll } from './pairing.js';
import type { LabelMatcher } from './selector.js';

/** Every host probes every other host of its group. */
export class MeshPairing implements Pairing {
  readonly #groupOf: (host: Host) => string | undefined;
  readonly #groups = new Map<string, HostsByTor>();

  /** A host of no group takes no part. */
  constructor(groupOf: (host: Host) => string | undefined) {
    this.#groupOf = groupOf;
  }

  add(host: Host): void {
    const key = this.#groupOf(host);
    if (key === undefined) return;
    const group = this.#groups.get(key) ?? new HostsByTor();
    this.#groups.set(key, group);
    group.add(host);
  }

  delete(host: Host): void {
    const key = this.#groupOf(host);
    const group = key === undefined ? undefined : this.#groups.get(key);
    if (key === undefined || group === undefined) return;
    group.delete(host);
    if (group.isEmpty) this.#groups.delete(key);
  }

  visit(source: Host, visitor: Visitor): void {
    const key = this.#groupOf(source);
    const group = key === undefined ? undefined : this.#groups.get(key);
    if (group !== undefined) visitAll(source, group, group, visitor);
  }
}

/** Every host of one set probes every host of another. */
export class ArrowPairing implements Pairing {
  readonly #isSource: LabelMatcher;
  readonly #isDestination: LabelMatcher;
  readonly #sources = new HostsByTor();
  readonly #destinations = new HostsByTor();

  constructor(isSource: LabelMatcher, isDestination: LabelMatcher) {
    this.#isSource = isSource;
    this.#isDestination = isDestination;
  }

  add(host: Host): void {
    if (this.#isSource(host.labels)) this.#sources.add(host);
    if (this.#isDestination(host.labels)) this.#destinations.add(host);
  }

  delete(host: Host): void {
    if (this.#isSource(host.labels)) this.#sources.delete(host);
    if (this.#isDestination(host.labels)) this.#destinations.delete(host);
  }

  visit(source: Host, visitor: Visitor): void {
    if (this.#isSource(source.labels)) visitAll(source, this.#sources, this.#destinations, visitor);
  }
}
