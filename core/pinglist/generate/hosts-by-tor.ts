/** Hosts in the order of their ToRs, and under each ToR in the order of their ids. */

import type { Host } from './host.js';
import { indexOfSorted, insertSorted, removeSorted } from './sorted.js';

/** One ToR and those of its hosts that take part; never empty. */
export interface Tor {
  readonly key: string;
  readonly hosts: readonly Host[];
}

interface OpenTor extends Tor {
  readonly hosts: Host[];
}

const keyOf = ({ key }: Tor): string => key;
const idOf = ({ id }: Host): string => id;

export class HostsByTor {
  readonly #tors: OpenTor[] = [];
  readonly #byKey = new Map<string, OpenTor>();

  get tors(): readonly Tor[] {
    return this.#tors;
  }

  get isEmpty(): boolean {
    return this.#tors.length === 0;
  }

  /** The ToR that a host stands under, if it has hosts here. */
  torOf({ tor }: Host): Tor | undefined {
    return this.#byKey.get(tor);
  }

  add(host: Host): void {
    let tor = this.#byKey.get(host.tor);
    if (tor === undefined) {
      tor = { key: host.tor, hosts: [] };
      this.#byKey.set(tor.key, tor);
      insertSorted(this.#tors, tor, keyOf);
    }
    insertSorted(tor.hosts, host, idOf);
  }

  delete(host: Host): void {
    const tor = this.#byKey.get(host.tor);
    if (tor === undefined) return;
    removeSorted(tor.hosts, host, idOf);
    if (tor.hosts.length > 0) return;
    this.#byKey.delete(tor.key);
    removeSorted(this.#tors, tor, keyOf);
  }
}

/** Index of a host among those of its ToR; −1 if it is not there. */
export function rankOf({ hosts }: Tor, host: Host): number {
  return indexOfSorted(hosts, host, idOf);
}

/** Index of a ToR among all. */
export function torIndex(tors: readonly Tor[], tor: Tor): number {
  return indexOfSorted(tors, tor, keyOf);
}
