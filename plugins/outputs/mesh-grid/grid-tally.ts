/** What a served grid says of itself, as a metric: counts since it was last asked, and how things stand. */

import { count, type Field, gauge, type Metric } from '../../../core/metric.js';
import { type GridStore, OUTCOMES } from '../../common/grid/store/grid-store.js';
import type { SharedCounts, SharedGrid } from './shared/shared-grid.js';

const SHARED_UNITS = {
  pushed: 'metrics',
  taken: 'metrics',
  unshared: 'metrics',
  unusable: 'metrics',
  replaced: 'rows',
  outages: 'outages',
} as const satisfies Record<keyof SharedCounts, string>;

export class GridTally {
  /** Totals when they were last asked for. */
  readonly #totals = new Map<string, number>();

  metric(store: GridStore, shared: SharedGrid | undefined, timeNs: bigint): Metric {
    const fields: Record<string, Field> = {};
    for (const outcome of OUTCOMES) fields[outcome] = this.#since(outcome, store.outcomes[outcome], 'metrics');
    fields.evicted_windows = this.#since('evicted_windows', store.evictedWindows, 'windows');
    fields.evicted_cells = this.#since('evicted_cells', store.evictedCells, 'cells');
    fields.hosts = gauge(store.hosts.size, 'hosts');
    fields.cells = gauge(store.cells, 'cells');
    fields.memory = gauge(store.bytes, 'bytes');
    if (shared !== undefined) this.#addShared(fields, shared);
    return { name: 'weft_mesh_grid', tags: {}, fields, timeNs };
  }

  #addShared(fields: Record<string, Field>, { state, pending, counts }: SharedGrid): void {
    fields.store_available = gauge(state === 'away' ? 0 : 1);
    fields.store_behind = gauge(state === 'behind' ? 1 : 0);
    fields.store_pending = gauge(pending, 'metrics');
    for (const [name, unit] of Object.entries(SHARED_UNITS)) {
      fields[`store_${name}`] = this.#since(`store_${name}`, counts[name as keyof SharedCounts], unit);
    }
  }

  #since(name: string, total: number, unit: string): Field {
    const before = this.#totals.get(name) ?? 0;
    this.#totals.set(name, total);
    // A store that was opened anew counts from 0.
    return count(total >= before ? total - before : total, unit);
  }
}
