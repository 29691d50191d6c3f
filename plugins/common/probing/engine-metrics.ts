/** What an engine says of itself: its counters as metrics, each the growth since the last time. */

import { count, type Fields, gauge, type Metric, type Tags } from '../../../core/metric.js';
import { type EngineHandle, type EngineStats, stats } from '../../../native/index.js';

/** Counters of this form are one family, told apart by the tag `reason`. */
const REFUSED_PREFIX = 'refused_';
const GAUGES = new Set(['targets', 'outstanding', 'connections', 'max_connections', 'active']);

export class EngineMetrics {
  readonly #handle: EngineHandle;
  readonly #tags: Tags;
  readonly #further: () => Fields;
  #last: EngineStats = {};

  /** `tags`: at least `transport` and `engine`. `further`: fields beside the counters. */
  constructor(handle: EngineHandle, tags: Tags, further: () => Fields = () => ({})) {
    this.#handle = handle;
    this.#tags = tags;
    this.#further = further;
  }

  read(timeNs: bigint): Metric[] {
    const now = stats(this.#handle);
    const growth = (name: string): number => (now[name] ?? 0) - (this.#last[name] ?? 0);
    const names = Object.keys(now);
    const refused = names.filter((name) => name.startsWith(REFUSED_PREFIX));
    const own = names.filter((name) => !name.startsWith(REFUSED_PREFIX));
    const fields = Object.fromEntries(
      own.map((name) => [name, GAUGES.has(name) ? gauge(now[name] ?? 0) : count(growth(name))]),
    );
    const metrics: Metric[] = [
      { name: 'weft_engine', tags: this.#tags, fields: { ...fields, ...this.#further() }, timeNs },
    ];
    for (const name of refused) {
      const tags = { ...this.#tags, reason: name.slice(REFUSED_PREFIX.length) };
      metrics.push({ name: 'weft_engine', tags, fields: { refused: count(growth(name), 'packets') }, timeNs });
    }
    this.#last = now;
    return metrics;
  }
}
