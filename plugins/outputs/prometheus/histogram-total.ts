/**
 * The running total of one histogram, as fine as the scrapers want it. Until the first scrape everything is kept, since
 * either format can be made of it. When only text is asked for, the counts of the classic buckets are all that is ever
 * shown: a quarter of the memory, and an agent with 10 000 targets holds 30 000 totals.
 */

import { Distribution } from '../../../core/distribution.js';
import type { Bounds } from './bounds.js';

const NS_PER_S = 1e9;

/** What is kept: everything from now on, or no more than classic buckets need. */
export type Detail = 'fine' | 'classic';

export class HistogramTotal {
  #count = 0;
  #sumNs = 0;
  /** Cumulative, one for each bound; undefined as long as all values are in `#fine`. */
  #classic: number[] | undefined;
  /** All values, or those since a scraper first asked for native histograms. */
  #fine: Distribution | undefined;

  /** Number of values since the output started. */
  get count(): number {
    return this.#count;
  }

  get sumSeconds(): number {
    return this.#sumNs / NS_PER_S;
  }

  /** For the native format; undefined while no scraper has asked for it but some have for text. */
  get native(): Distribution | undefined {
    return this.#fine;
  }

  add(values: Distribution, bounds: Bounds, detail: Detail): void {
    this.#keep(detail, bounds);
    this.#count += values.count;
    this.#sumNs += values.sumNsNumber;
    this.#fine?.merge(values);
    const classic = this.#classic;
    if (classic === undefined) return;
    const added = bounds.cumulate(values);
    for (let i = 0; i < classic.length; i += 1) classic[i] = (classic[i] ?? 0) + (added[i] ?? 0);
  }

  /** Cumulative counts, one for each bound; valid until the next call. */
  cumulate(bounds: Bounds): readonly number[] {
    return this.#classic ?? bounds.cumulate(this.#fine ?? new Distribution());
  }

  #keep(detail: Detail, bounds: Bounds): void {
    if (detail === 'fine') {
      this.#fine ??= new Distribution();
    } else if (this.#classic === undefined) {
      this.#classic = [...this.cumulate(bounds)];
      this.#fine = undefined;
    }
  }
}
