/**
 * Which targets came already. One table for each stretch of time, as long as a window, forgotten as a whole once its
 * windows are late; 10 to 13 bytes a target.
 */

import type { Fingerprint } from '../../common/grid/fingerprint.js';

const FIRST_SLOTS = 1024;
/** Beyond, one would look at too many slots; growth by little keeps most of them taken. */
const MAX_LOAD = 0.8;
const GROWTH = 1.25;

export class TargetMemory {
  readonly #maxTargets: number;
  readonly #stretchMs: number;
  readonly #tables = new Map<number, FingerprintTable>();

  constructor(maxTargets: number, stretchMs: number) {
    this.#maxTargets = maxTargets;
    this.#stretchMs = stretchMs;
  }

  /** Targets that are remembered. */
  get size(): number {
    let size = 0;
    for (const table of this.#tables.values()) size += table.size;
    return size;
  }

  hasRoomFor(targets: number): boolean {
    return this.size + targets <= this.#maxTargets;
  }

  /** False when it is known already. `endMs`: of its window, UTC. */
  add(endMs: number, print: Fingerprint): boolean {
    const stretch = Math.floor(endMs / this.#stretchMs);
    let table = this.#tables.get(stretch);
    if (table === undefined) {
      table = new FingerprintTable();
      this.#tables.set(stretch, table);
    }
    return table.add(print.high, print.low);
  }

  /** Forgets the targets of windows that ended before. */
  forgetBefore(endMs: number): void {
    const oldest = Math.floor(endMs / this.#stretchMs);
    for (const stretch of this.#tables.keys()) if (stretch < oldest) this.#tables.delete(stretch);
  }
}

/** A set with open addressing; two zeros are a free slot. */
class FingerprintTable {
  size = 0;
  #pairs = new Uint32Array(2 * FIRST_SLOTS);

  add(high: number, low: number): boolean {
    const first = high === 0 && low === 0 ? 1 : high;
    const at = this.#find(first, low);
    if (at === undefined) return false;
    this.#pairs[at] = first;
    this.#pairs[at + 1] = low;
    this.size += 1;
    if (this.size > (this.#pairs.length / 2) * MAX_LOAD) this.#grow();
    return true;
  }

  /** Where it would stand; undefined when it is there. */
  #find(high: number, low: number): number | undefined {
    const pairs = this.#pairs;
    for (let at = 2 * (low % (pairs.length / 2)); ; at = at + 2 === pairs.length ? 0 : at + 2) {
      const [a, b] = [pairs[at], pairs[at + 1]];
      if (a === 0 && b === 0) return at;
      if (a === high && b === low) return undefined;
    }
  }

  #grow(): void {
    const old = this.#pairs;
    this.#pairs = new Uint32Array(2 * Math.ceil((old.length / 2) * GROWTH));
    for (let i = 0; i < old.length; i += 2) {
      const [high = 0, low = 0] = [old[i], old[i + 1]];
      if (high === 0 && low === 0) continue;
      const at = this.#find(high, low) ?? 0;
      this.#pairs[at] = high;
      this.#pairs[at + 1] = low;
    }
  }
}
