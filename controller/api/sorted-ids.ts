/** The ids of all agents in code unit order, sorted again only after one came or went. */

import type { Registry } from '../registry.js';

export class SortedIds {
  readonly #registry: Registry;
  #sorted: readonly string[] | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
    const forget = (): void => {
      this.#sorted = undefined;
    };
    registry.subscribe({ onChanged: forget, onForgotten: forget });
  }

  /** At most `limit` ids that come after `id`, which need not be one of them. */
  after(id: string, limit: number): readonly string[] {
    this.#sorted ??= Array.from(this.#registry.entries(), (entry) => entry.id).sort();
    const start = firstAfter(this.#sorted, id);
    return this.#sorted.slice(start, start + limit);
  }
}

function firstAfter(sorted: readonly string[], id: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}
